"""Families of errors. Each app's typed errors inherit from one; `problems.py` maps them to HTTP.

An error's `code` is stable and part of the API; its text is for people. `pointer` is a JSON pointer
to the field of the request that is to blame, where one is.
"""


class EngineError(Exception):
    """Something the caller did or met that the engine foresees. Never a bug."""

    code = "error"
    # Whether it says that a secret one may try to guess is not known.
    is_guess = False
    message = "The request could not be carried out."

    def __init__(self, message: str = "", *, pointer: str = "") -> None:
        super().__init__(message or self.message)
        self.pointer = pointer


class Invalid(EngineError):
    """The input cannot be meant: a field is missing, malformed or contradicts another."""

    code = "invalid"


class NotFound(EngineError):
    """What the request names does not exist, or not for this caller."""

    code = "not_found"
    message = "There is no such thing here."


class Conflict(EngineError):
    """The input is fine, but the present state does not allow it."""

    code = "conflict"


class Forbidden(EngineError):
    """The caller is known but may not do this."""

    code = "forbidden"
    message = "This credential may not do that."


class Unauthenticated(EngineError):
    """The caller is not known."""

    code = "unauthenticated"
    message = "A valid bearer token is needed."


class Busy(EngineError):
    """The same thing is being done right now, or a lock took too long: try again."""

    code = "busy"
    message = "The engine is busy with this just now. Try again."
