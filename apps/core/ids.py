"""Opaque public ids: `mem_3kTMd…`. They say what they name and nothing else."""

import secrets

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# Crockford's base 32 in lower case: no i, l, o, u, so a code can be read out and typed.
_CODE_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

ID_LENGTH = 22
CODE_LENGTH = 14


# Two characters at a time: half as many divisions of a long number.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_IDS = len(_ALPHABET) ** ID_LENGTH


def new_id(prefix: str) -> str:
    """A fresh public id with over 128 random bits, as `prefix_…`."""
    # One draw for all characters: a system call for each would be felt where rows are written.
    number, pairs = secrets.randbelow(_IDS), []
    for _ in range(ID_LENGTH // 2):
        number, place = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[place])
    return f"{prefix}_{''.join(pairs)}"


def new_code() -> str:
    """A fresh code for links: 14 characters, 70 random bits, fits a mini-program scene (32)."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(CODE_LENGTH))
