"""Whose turn it is: the rows of a campaign, or of what links reach, are written by one at a time."""

from apps.core import statements

# The kind of the advisory locks of reports; others have other kinds, or one number.
_KIND = 1_880
_JOURNAL = 0  # no campaign has this primary key


def campaign_take(campaign_id: int, *, waits: bool = False) -> bool:
    """Take the turn to write a campaign's rows, until the transaction ends; False if it is taken.

    Whoever `waits` gets it in the end, or PostgreSQL's LockNotAvailable after `lock_timeout`.
    """
    return _take(campaign_id % 2**31, waits)


def journal_take(*, waits: bool = False) -> bool:
    """The same for journals, with all that links reach. Taken after a campaign's, where both are."""
    return _take(_JOURNAL, waits)


def _take(number: int, waits: bool) -> bool:
    if waits:
        statements.run("SELECT pg_advisory_xact_lock(%s, %s)", [_KIND, number])
        return True
    taken: bool = statements.run("SELECT pg_try_advisory_xact_lock(%s, %s)", [_KIND, number])[0][0]
    return taken
