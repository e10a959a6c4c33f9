"""Folding what changed about participants into the rollups of their campaign."""

from apps.core import statements
from apps.core.clock import engine_now
from apps.core.sweepers import each_due
from apps.core.transactions import in_transaction
from apps.reports.selectors.margins import RATES_NOW
from apps.reports.services import grants, people, sales, turns
from apps.reports.services.contributions import SOME, Given, pairs_add, people_add, run
from apps.reports.services.rebuilding import campaign_build, campaign_sales_build
from apps.reports.services.terms import WINDOW_MINUTES, terms_kept

# Marks that one transaction folds at the most.
AT_ONCE = 10_000

_MARK = """
INSERT INTO reports_mark (campaign_id, participant_id)
SELECT campaign_id, id FROM invites_participant WHERE {which}
"""
_OF_ORDER = """id IN (
    SELECT co.participant_id FROM invites_campaignorder co JOIN orders_order o ON o.id = co.order_id
    WHERE o.order_id = %(order)s AND o.is_test = %(is_test)s)"""

_DUE = """
WITH rates AS MATERIALIZED (SELECT {rates} AS now)
SELECT DISTINCT campaign_id FROM reports_mark
UNION
SELECT DISTINCT campaign_id FROM reports_grantmark
UNION
SELECT k.id FROM campaigns_campaign k LEFT JOIN reports_rolled r ON r.campaign_id = k.id
WHERE k.status <> 'draft'
  AND (r.time_zone IS DISTINCT FROM k.time_zone OR r.window_minutes <> {window}
       OR r.rates IS DISTINCT FROM (SELECT now FROM rates))
"""

_CLAIM = """
DELETE FROM reports_mark WHERE id IN (
    SELECT id FROM reports_mark WHERE campaign_id = %(campaign)s ORDER BY id LIMIT %(at_once)s)
RETURNING participant_id
"""
_REFERRERS = """
SELECT DISTINCT referrer_id FROM reports_counted
WHERE participant_id = ANY(%(people)s) AND referrer_id IS NOT NULL
"""
_REFEREES = "SELECT participant_id FROM reports_counted WHERE referrer_id = ANY(%(people)s)"


@in_transaction
def participant_mark(*, public_id: str) -> None:
    """Have a participant counted again. Locks nothing: nobody else's mark is looked at."""
    statements.run(_MARK.format(which="public_id = %s"), [public_id])


@in_transaction
def order_mark(*, order_id: str, is_test: bool) -> None:
    """Have those counted again whose order this is in its campaigns. Locks nothing."""
    statements.run(_MARK.format(which=_OF_ORDER), {"order": order_id, "is_test": is_test})


def campaigns_fold() -> int:
    """Fold each campaign with marks, and rebuild each counted by other terms than now, or never."""
    due = run(_DUE.format(window=WINDOW_MINUTES, rates=RATES_NOW), {})
    return each_due([campaign for (campaign,) in due], _fold)


def _fold(campaign_id: int) -> int:
    return campaign_fold(campaign_id=campaign_id)


@in_transaction
def campaign_fold(*, campaign_id: int) -> int:
    """Fold what is marked in a campaign, 10,000 participants and as many grants at the most; how many
    marks. 0 if another does it.

    What changes meanwhile is marked after it was committed, and so is folded later, if not now. Has
    the rows built anew where they are missing or were counted by other terms; and what was sold where
    margin rates are others now. Takes the campaign's turn, without waiting.
    """
    if not turns.campaign_take(campaign_id):
        return 0
    now = engine_now()
    terms = terms_kept(campaign_id, now=now)
    if terms.changed:
        campaign_build(terms, now=now)
        return 1
    if terms.rates_changed:
        campaign_sales_build(terms)
        return 1
    given = terms.given()
    marks = run(_CLAIM, {"campaign": campaign_id, "at_once": AT_ONCE})
    if marks:
        _count_again(given, {participant for (participant,) in marks})
    return len(marks) + grants.grants_fold(given, at_once=AT_ONCE)


def _count_again(given: Given, marked: set[int]) -> None:
    """Take out what these participants, their referrers and referees contribute; put it in anew."""
    # Whoever they are the referees of, or have as such: before, and after.
    below = marked | _found(_REFEREES, given, marked)
    around = marked | _found(_REFERRERS, given, marked)
    people_add(SOME, _of(given, around), sign="-")
    pairs_add(SOME, _of(given, below), sign="-")
    people.referees_count(_of(given, below), sign="-")
    sales.sales_add(SOME, _of(given, marked), sign="-")
    people.copy_some(_of(given, marked))
    sales.sales_copy(_of(given, marked))
    sales.sales_add(SOME, _of(given, marked))
    new = _found(_REFERRERS, given, marked) - around
    people_add(SOME, _of(given, new), sign="-")
    people.delays_set(_of(given, below))
    people.referees_count(_of(given, below))
    pairs_add(SOME, _of(given, below))
    people_add(SOME, _of(given, around | new))


def _found(statement: str, given: Given, people_ids: set[int]) -> set[int]:
    return {found for (found,) in run(statement, _of(given, people_ids))}


def _of(given: Given, people_ids: set[int]) -> Given:
    return {**given, "people": sorted(people_ids)}
