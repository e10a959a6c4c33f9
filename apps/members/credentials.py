"""The two bearer credentials: a member's signed token and a shop's server key."""

import datetime as dt
import functools
import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass

import jwt
from django.conf import settings

from apps.core.errors import Unauthenticated

_AUDIENCE = "referral-engine/member"
_ALGORITHM = "HS256"


@dataclass(frozen=True)
class MemberClaims:
    """What a member token says: whom it acts for, and in which mode."""

    member_id: int
    public_id: str
    is_test: bool


def member_token_issue(claims: MemberClaims, *, now: dt.datetime) -> tuple[str, int]:
    """A signed token with which a phone acts as this member, and how many seconds it lives."""
    seconds = settings.MEMBER_TOKEN_SECONDS
    issued = int(now.timestamp())
    body = {
        "sub": claims.public_id,
        "mid": claims.member_id,
        "test": claims.is_test,
        "aud": _AUDIENCE,
        "iat": issued,
        "exp": issued + seconds,
    }
    return jwt.encode(body, settings.SECRET_KEY, algorithm=_ALGORITHM), seconds


def member_token_claims(token: str) -> MemberClaims:
    """What a member token says. Raises Unauthenticated when it is forged, foreign or expired."""
    claims, expires_at = _signed(token, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    if expires_at <= time.time():
        raise Unauthenticated("This member token has expired. Get a new one.")
    return claims


@functools.lru_cache(maxsize=10_000)
def _signed(token: str, secrets_known: tuple[str, ...]) -> tuple[MemberClaims, int]:
    """What one of these secrets has signed, expired or not, and when it expires.

    A phone shows the same token again and again, and what was signed once stays so. Raises
    Unauthenticated, which is not remembered.
    """
    for secret in secrets_known:
        try:
            body = jwt.decode(
                token,
                _key(secret),
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"verify_exp": False, "require": ["exp"]},
            )
        except jwt.InvalidTokenError:
            continue
        claims = MemberClaims(int(body["mid"]), str(body["sub"]), bool(body["test"]))
        return claims, int(body["exp"])
    raise Unauthenticated("This member token is not valid.")


@functools.lru_cache(maxsize=100)
def _key(secret: str) -> jwt.PyJWK:
    """A secret as a key that need not be looked at again for each token."""
    return jwt.PyJWK({"kty": "oct", "k": urlsafe_b64encode(secret.encode()).decode()}, _ALGORITHM)


def server_key_new(*, is_test: bool) -> str:
    """A fresh server key with 256 random bits; its beginning tells live from test."""
    return f"sk_{'test' if is_test else 'live'}_{secrets.token_urlsafe(32)}"


def server_key_hash(key: str) -> str:
    """SHA-256 of a server key, as stored. Keys carry 256 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()
