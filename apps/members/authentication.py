"""Bearer credentials: server keys for shops, tokens for members."""

from functools import partial

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.core.callers import Caller, Door
from apps.core.errors import Unauthenticated
from apps.members import credentials, selectors

# As WSGI spells it: `request.headers` copies them all to find one.
_AUTHORIZATION = "HTTP_AUTHORIZATION"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer sk_…` is a server key, anything else a member token."""

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        """(None, caller), or None without a header. Raises Unauthenticated for a bad credential."""
        words = request.META.get(_AUTHORIZATION, "").split()
        if not words:
            return None
        if len(words) != 2 or words[0].lower() != "bearer":
            raise Unauthenticated("Send the credential as “Authorization: Bearer …”.")
        text = words[1]
        return None, self._server(text, request) if text.startswith("sk_") else self._member(text)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def _server(self, text: str, request: Request) -> Caller:
        acting_for = request.META.get("HTTP_ON_BEHALF_OF", "")
        view = request.parser_context.get("view")
        if not acting_for and getattr(view, "looks_at_the_key", False):
            key = selectors.server_key_seen(text)
            confirm = partial(_demand_good, text)
        else:
            key, confirm = selectors.server_key_by_text(text, acting_for=acting_for), None
        if key is None:
            raise _refusal()
        return Caller(
            Door.SERVER, key.public_id, key.is_test, key.scopes, key.member_id, confirm=confirm
        )

    def _member(self, text: str) -> Caller:
        claims = credentials.member_token_claims(text)
        return Caller(Door.MEMBER, claims.public_id, claims.is_test, frozenset(), claims.member_id)


def _demand_good(text: str) -> None:
    """Raises Unauthenticated when the key was revoked since it was seen."""
    if selectors.server_key_by_text(text) is None:
        raise _refusal()


def _refusal() -> Unauthenticated:
    return Unauthenticated("This server key is unknown or revoked.")
