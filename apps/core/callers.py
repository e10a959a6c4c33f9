"""Who calls the API: what authentication puts into `request.auth`."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

from rest_framework.request import Request

from apps.core.errors import Forbidden, Unauthenticated


class Door(enum.StrEnum):
    """The kinds of credentials a door opens to."""

    SERVER = "S"
    MEMBER = "M"
    PUBLIC = "–"


@dataclass(frozen=True)
class Caller:
    """A server key (perhaps on behalf of a member) or a member's token.

    `credential` names the key or token owner for idempotency; `member_id` is the primary key of the
    acting member, None for a shop that acts for itself. `confirm` raises Unauthenticated when the
    credential is no longer good, where it was only remembered.
    """

    door: Door
    credential: str
    is_test: bool
    scopes: frozenset[str] = frozenset()
    member_id: int | None = None
    confirm: Callable[[], None] | None = field(default=None, compare=False)


def caller_of(request: Request) -> Caller | None:
    """The authenticated caller of `request`, or None for a public one."""
    return request.auth if isinstance(request.auth, Caller) else None


def acting_member_id(request: Request) -> int:
    """The member who acts: the token's, or the one the shop acts on behalf of.

    Raises Forbidden when a server key names nobody.
    """
    caller = caller_of(request)
    if caller is None:
        raise Unauthenticated()
    if caller.member_id is None:
        raise Forbidden("Send On-Behalf-Of with the member's external_id, or a member token.")
    return caller.member_id


def is_test(request: Request) -> bool:
    """Whether this request lives in test mode. Public doors serve both and answer by the thing."""
    caller = caller_of(request)
    return caller is not None and caller.is_test
