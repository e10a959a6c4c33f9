"""What opening a link was: a person's visit, or something that counts nowhere. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Opening:
    """How a link was opened, as far as headers tell."""

    method: str
    purpose: str
    is_bot: bool


def skip_reason(opening: Opening) -> str:
    """Why an opened link is no visit of a person: "head", "prefetch", "bot", or "" when it is."""
    if opening.method == "HEAD":
        return "head"
    if "prefetch" in opening.purpose.lower() or "preview" in opening.purpose.lower():
        return "prefetch"
    return "bot" if opening.is_bot else ""
