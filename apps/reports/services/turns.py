"""Whose turn it is: the rows of a campaign, or of what links reach, are written by one at a time, and
what is counted ahead is counted by one."""

from apps.core import statements
from apps.reports.models import Ahead

# The kinds of the advisory locks of reports; others have other kinds, or one number.
_KIND = 1_880
_AHEAD = {Ahead.What.CHAIN: 1_881, Ahead.What.SEEDS: 1_882, Ahead.What.FORECAST: 1_883}
_JOURNAL = 0  # no campaign has this primary key


def campaign_take(campaign_id: int, *, waits: bool = False) -> bool:
    """Take the turn to write a campaign's rows, until the transaction ends; False if it is taken.

    Whoever `waits` gets it in the end, or PostgreSQL's LockNotAvailable after `lock_timeout`.
    """
    return _take(_KIND, campaign_id % 2**31, waits)


def journal_take(*, waits: bool = False) -> bool:
    """The same for journals, with all that links reach. Taken after a campaign's, where both are."""
    return _take(_KIND, _JOURNAL, waits)


def ahead_take(campaign_id: int, what: Ahead.What) -> bool:
    """Take the turn to count this of a campaign ahead, until the transaction ends; False if it is
    taken. Nothing else waits for it."""
    return _take(_AHEAD[what], campaign_id % 2**31, False)


def _take(kind: int, number: int, waits: bool) -> bool:
    if waits:
        statements.run("SELECT pg_advisory_xact_lock(%s, %s)", [kind, number])
        return True
    taken: bool = statements.run("SELECT pg_try_advisory_xact_lock(%s, %s)", [kind, number])[0][0]
    return taken
