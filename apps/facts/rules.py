"""The keys of facts that the engine itself names. Pure."""

import datetime as dt

# Keys that a shop may not choose, because the engine does.
RESERVED = "engine:"


def check_in_key(member: str, at: dt.datetime) -> str:
    """What makes a check-in from a phone happen once: the member's public id and the day in UTC."""
    return f"{RESERVED}check-in:{member}:{at.astimezone(dt.UTC).date().isoformat()}"
