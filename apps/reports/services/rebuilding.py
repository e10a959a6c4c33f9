"""Building a campaign's rollups from the base tables: the same rows as folding has made, or will."""

import datetime as dt
import json
from collections.abc import Callable

from apps.core import statements
from apps.core.transactions import in_transaction
from apps.reports.models import Rolled
from apps.reports.services import grants, people, reaching, sales, turns
from apps.reports.services.contributions import EVERYBODY, pairs_add, people_add, run
from apps.reports.services.terms import Terms, terms_kept

TABLES = ("counted", "arrival", "cell", "root", "pair", "reach", "owner")

# How many parts of how many are done.
Tell = Callable[[int, int], None]


def _tell_nobody(_done: int, _parts: int) -> None: ...


@in_transaction
def campaign_rebuild(*, campaign_id: int, now: dt.datetime, tell: Tell = _tell_nobody) -> int:
    """Make a campaign's rollups anew while everything runs; how many participants were counted.

    Readers see the old rows until it is done. Other campaigns are folded meanwhile; what links reach
    waits. Takes the campaign's turn, then the journals', and waits for both.
    """
    run("SET LOCAL lock_timeout = 0", {})
    turns.campaign_take(campaign_id, waits=True)
    return campaign_build(terms_kept(campaign_id, now=now), now=now, tell=tell)


def campaign_build(terms: Terms, *, now: dt.datetime, tell: Tell = _tell_nobody) -> int:
    """The same for who has the campaign's turn. Marks stay: to fold them again changes nothing."""
    run("SET LOCAL statement_timeout = 0", {})
    turns.journal_take(waits=True)
    given = terms.given()
    for table in TABLES:
        run(f"DELETE FROM reports_{table} WHERE campaign_id = %(campaign)s", given)
    stretches = reaching.stretches_counted()
    parts = 5 + len(stretches)
    counted = people.copy_all(given)
    tell(1, parts)
    people_add(EVERYBODY, given)
    tell(2, parts)
    pairs_add(EVERYBODY, given)
    tell(3, parts)
    sales.sales_build(given)
    tell(4, parts)
    grants.grants_build(given)
    tell(5, parts)
    for done, stretch in enumerate(stretches, start=6):
        reaching.stretch_count(stretch, campaign_id=terms.campaign_id)
        tell(done, parts)
    _note(terms, now)
    return counted


def campaign_sales_build(terms: Terms) -> None:
    """Count anew what was sold, where margin rates are others than those it was counted at. For who
    has the campaign's turn."""
    run("SET LOCAL statement_timeout = 0", {})
    sales.sales_build(terms.given())
    statements.run(
        "UPDATE reports_rolled SET rates = %s::jsonb WHERE campaign_id = %s",
        [terms.rates, terms.campaign_id],
    )


def _note(terms: Terms, now: dt.datetime) -> None:
    Rolled.objects.update_or_create(
        campaign_id=terms.campaign_id,
        defaults={
            "time_zone": terms.time_zone,
            "window_minutes": terms.window_minutes,
            "hours_since": terms.hours_since,
            "rates": json.loads(terms.rates),
            "rebuilt_at": now,
        },
    )
