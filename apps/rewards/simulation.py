"""Replaying the last days of a campaign against other policies, beside what really happened.

It only reads: in one snapshot, in a transaction in which PostgreSQL refuses every write, and without
locks. The history is walked in batches; what grows with it is a few numbers per member.
"""

import datetime as dt
import zoneinfo
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction

from apps.campaigns.models import Campaign
from apps.campaigns.rules import AwardKind, PolicyTerms, VariantTerms
from apps.campaigns.selectors import budget_of
from apps.rewards.models import Grant
from apps.rewards.rules import (
    Comparison,
    Costs,
    Gift,
    Happening,
    Limits,
    Moment,
    Tally,
    compare,
    simulate,
)
from apps.rewards.services.instruments import LOCK_ORDER
from apps.rewards.subjects import (
    State,
    act_subject,
    opening_subject,
    order_subject,
    participant_subject,
    room_subject,
    state_of,
)

BATCH = 100
MOST_DAYS = 366
TOP = 10

# All that a campaign can reward, by when it happened. Who joined during the pre-heating joined when
# the campaign starts; a friend counts once confirmed, also for what they bought before.
_HISTORY = """WITH history AS (
  SELECT greatest(confirmed_at, %(starts_at)s) AS at, 1 AS turn, id,
         %(participant)s || public_id AS subject
  FROM invites_participant
  WHERE campaign_id = %(campaign)s AND greatest(confirmed_at, %(starts_at)s) >= %(since)s
    AND confirmed_at IS NOT NULL
  UNION ALL
  SELECT o.occurred_at, 2, o.id, %(order)s || o.order_id
  FROM invites_campaignorder c JOIN orders_order o ON o.id = c.order_id
  WHERE c.campaign_id = %(campaign)s AND o.occurred_at >= %(since)s
  UNION ALL
  SELECT r.opened_at, 3, r.id, %(opened)s || r.public_id
  FROM groupbuy_room r JOIN groupbuy_offer f ON f.id = r.offer_id
  WHERE f.campaign_id = %(campaign)s AND r.opened_at >= %(since)s
  UNION ALL
  SELECT r.ended_at, 4, r.id, %(room)s || r.public_id
  FROM groupbuy_room r JOIN groupbuy_offer f ON f.id = r.offer_id
  WHERE f.campaign_id = %(campaign)s AND r.ended_at >= %(since)s AND r.status = 'completed'
  UNION ALL
  SELECT greatest(a.occurred_at, friend.confirmed_at), 5, a.id, %(act)s || a.public_id
  FROM invites_act a LEFT JOIN invites_participant friend ON friend.id = a.referee_id
  WHERE a.campaign_id = %(campaign)s
    AND greatest(a.occurred_at, friend.confirmed_at) >= %(since)s
)
"""

_COUNT = "SELECT count(*) FROM history"
_IN_ORDER = "SELECT subject FROM history ORDER BY at, turn, id"

# What the history's own grants cost the budget: at its start they had not been made.
_COST = """
SELECT coalesce(sum(g.cost_minor), 0) FROM rewards_grant g JOIN history USING (subject)
WHERE g.campaign_id = %(campaign)s AND g.goodwill_id IS NULL
"""

# The grants that earlier facts count in caps.
_EARLIER = """
SELECT g.policy, g.member_id, count(*)
FROM rewards_grant g LEFT JOIN history USING (subject)
WHERE g.campaign_id = %(campaign)s AND g.policy = ANY (%(capped)s) AND history.at IS NULL
GROUP BY g.policy, g.member_id
"""


@dataclass(frozen=True)
class Question:
    """What to replay: the days before `until`, by these terms instead of the published ones.

    `since` is the first midnight of those days in the campaign's time zone. `variants` are those the
    terms come with: they say which trees are the holdout.
    """

    campaign: Campaign
    terms: tuple[PolicyTerms, ...]
    variants: tuple[VariantTerms, ...]
    since: dt.datetime
    until: dt.datetime


def question_of(
    campaign: Campaign,
    terms: Sequence[PolicyTerms],
    variants: Sequence[VariantTerms],
    *,
    days: int,
    now: dt.datetime,
) -> Question:
    """The question about the last `days` days, today included."""
    zone = zoneinfo.ZoneInfo(campaign.time_zone)
    first = now.astimezone(zone).date() - dt.timedelta(days=days - 1)
    since = dt.datetime.combine(first, dt.time(), zone)
    return Question(campaign, tuple(terms), tuple(variants), since, now)


@dataclass(frozen=True)
class Progress:
    """How much of the history is replayed."""

    done: int
    total: int


@dataclass(frozen=True)
class Simulated:
    """What really happened beside what would have. Money in minor units of the campaign's currency.

    `budget_minor` is the whole budget (None: no limit); `left` what is left of it in the end.
    """

    question: Question
    facts: int
    really: Tally
    would: Tally
    budget_minor: int | None
    really_left_minor: int | None
    would_left_minor: int | None
    comparison: Comparison


def simulation_run(question: Question, *, top: int = TOP) -> Iterator[Progress | Simulated]:
    """Replay a history; its progress after every batch, at last the result. Writes nothing."""
    with _snapshot():
        asked = _parameters(question)
        total = int(_value(_COUNT, asked))
        budget = budget_of(question.campaign)
        amount = budget.amount_minor if budget else None
        left = amount - budget.used_minor if budget and amount is not None else None
        limits = _limits_at_start(question, asked, left)
        run = _Run(question, limits)
        yield Progress(0, total)
        done = 0
        for subjects in _history(asked):
            run.replay(subjects)
            done += len(subjects)
            yield Progress(done, total)
        yield Simulated(
            question=question,
            facts=done,
            really=run.really,
            would=run.would,
            budget_minor=amount,
            really_left_minor=left,
            would_left_minor=limits.left_minor,
            comparison=compare(run.really, run.would, top=top),
        )


@contextmanager
def _snapshot() -> Iterator[None]:
    """A read-only transaction that sees one moment; inside another one it is only read-only."""
    level = "" if connection.in_atomic_block else "ISOLATION LEVEL REPEATABLE READ, "
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION {level}READ ONLY")
        yield


def _parameters(question: Question) -> dict[str, Any]:
    campaign = question.campaign
    return {
        "campaign": campaign.pk,
        "starts_at": campaign.starts_at,
        "since": question.since,
        "participant": participant_subject(""),
        "order": order_subject(campaign.public_id, ""),
        "opened": opening_subject(""),
        "room": room_subject(""),
        "act": act_subject(""),
        "capped": [policy.policy for policy in question.terms if _is_capped(policy)],
    }


def _is_capped(policy: PolicyTerms) -> bool:
    return policy.cap_per_member is not None or policy.cap_per_campaign is not None


def _value(sql: str, asked: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY + sql, asked)
        return cursor.fetchone()[0]


def _limits_at_start(question: Question, asked: dict[str, Any], left: int | None) -> Limits:
    """The caps as earlier facts left them, and the budget less all that is not of this history.

    A day's cap and an order's begin at zero: the history begins at a midnight.
    """
    counts: Counter[tuple[str, str]] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY + _EARLIER, asked)
        for policy, member, count in cursor.fetchall():
            counts[policy, f"member:{member}"] += count
            counts[policy, "campaign"] += count
    return Limits(counts, None if left is None else left + int(_value(_COST, asked)))


def _history(asked: dict[str, Any]) -> Iterator[list[str]]:
    """The subjects in the order in which they happened, in batches from a cursor of the server's."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_HISTORY + _IN_ORDER, asked)
        while rows := cursor.fetchmany(BATCH):
            yield [subject for (subject,) in rows]


@dataclass
class _Run:
    question: Question
    limits: Limits
    really: Tally = field(default_factory=Tally)
    would: Tally = field(default_factory=Tally)

    def replay(self, subjects: Sequence[str]) -> None:
        campaign = self.question.campaign
        costs = Costs(campaign.cost_of_1000_points_minor, LOCK_ORDER)
        for _ in simulate(
            self._happenings(subjects), self.question.terms, costs, self.limits, self.would
        ):
            pass
        granted = Grant.objects.filter(campaign=campaign, subject__in=subjects, goodwill=None)
        for grant in granted:
            self.really.add(_gift(grant))

    def _happenings(self, subjects: Sequence[str]) -> Iterator[Happening]:
        zone = zoneinfo.ZoneInfo(self.question.campaign.time_zone)
        holdouts = {variant.key for variant in self.question.variants if variant.is_holdout}
        for subject in subjects:
            state = state_of(subject, lock=False, terms=self.question.terms)
            if state is not None:
                facts = replace(state.facts, is_holdout=state.facts.variant in holdouts)
                yield Happening(facts, moment_of(state, zone))


def moment_of(state: State, zone: zoneinfo.ZoneInfo) -> Moment:
    """What caps ask about a subject."""
    return Moment(state.fact_at.astimezone(zone).date().isoformat(), state.order_pk)


def _gift(grant: Grant) -> Gift:
    return Gift(grant.policy, grant.member_id, AwardKind(grant.kind), grant.left, grant.cost_minor)
