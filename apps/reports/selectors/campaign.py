"""The campaign report, read from the rollups; rooms, the budget and costs outside from their own tables.

Test members never meet a live campaign, so a campaign's own rows are all that may count.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from apps.campaigns.models import Campaign
from apps.campaigns.rules import AwardKind
from apps.reports.models import Moment
from apps.reports.rules import Generation, Spread, Step, funnel, spread
from apps.reports.selectors import rolled
from apps.reports.selectors.ahead import Kept, kept_of
from apps.reports.selectors.paying import Pay, paying
from apps.reports.selectors.rolled import Arrived, Reached, Rewarded
from apps.reports.selectors.spreading import Spreading, spreading
from apps.reports.selectors.standing import Freshness, Purse, Rooms, freshness, purse_of, rooms
from apps.reports.viral.figures import Figure
from apps.rewards.models import Grant


@dataclass(frozen=True)
class People:
    participants: int
    provisional: int
    seeds: int
    referred: int


@dataclass(frozen=True)
class Rewards:
    """Points by what became of them; `points_settled` is settled minus clawed back."""

    grants: int
    points_pending: int
    points_settled: int
    points_clawed_back: int
    points_void: int


@dataclass(frozen=True)
class Cost:
    """What the rewards cost, in minor units; `per_participant_minor` of what was spent."""

    currency: str
    budget_minor: int | None
    reserved_minor: int
    spent_minor: int
    per_participant_minor: float | None


@dataclass(frozen=True)
class Level(Generation):
    """A generation with its K, corrected for age; None past the fourth."""

    k: Figure | None


@dataclass(frozen=True)
class CampaignReport:
    """`holdout` says whether the campaign keeps one."""

    campaign: Campaign
    as_of: dt.datetime
    freshness: Freshness
    people: People
    spread: Spread
    generations: tuple[Generation, ...]
    spreading: Spreading
    rooms: Rooms
    funnel: tuple[Step, ...]
    rewards: Rewards
    given: tuple[Rewarded, ...]
    cost: Cost
    pay: Pay
    holdout: bool

    @property
    def levels(self) -> tuple[Level, ...]:
        """The generations, each with its K."""
        ks = {row.generation: row.multiplication.k for row in self.spreading.generations}
        return tuple(
            Level(row.generation, row.participants, row.referees, ks.get(row.generation))
            for row in self.generations
        )


def campaign_report(
    campaign: Campaign, *, now: dt.datetime, kept: Kept | None = None
) -> CampaignReport:
    """How far the campaign spread and what it cost, as of now. `kept` is what was counted ahead of it,
    where that is read already.

    Participants, visits, links and orders are read from the rollups, which follow within seconds.
    """
    arrived = rolled.arrived(campaign)
    generations = tuple(
        Generation(row.generation, row.confirmed, row.brought) for row in arrived if row.confirmed
    )
    people, purse = _people(arrived), purse_of(campaign)
    spreads = spreading(campaign, now=now)
    given = rolled.rewards(campaign)
    kept = kept_of(campaign, now=now) if kept is None else kept
    k, seeds, referred = spreads.k.k, people.seeds, people.referred
    return CampaignReport(
        campaign=campaign,
        as_of=now,
        freshness=freshness(campaign, given),
        people=people,
        spread=spread(generations),
        generations=generations,
        spreading=spreads,
        rooms=rooms(campaign),
        funnel=_funnel(arrived, rolled.reached(campaign)),
        rewards=_rewards(given),
        given=given,
        cost=_cost(campaign, purse, people.participants),
        pay=paying(campaign, purse, kept, k=k, seeds=seeds, referred=referred, now=now),
        holdout=purse.keeps_holdout,
    )


def _people(arrived: Sequence[Arrived]) -> People:
    confirmed = sum(row.confirmed for row in arrived)
    seeds = sum(row.confirmed for row in arrived if not row.generation)
    return People(
        participants=confirmed,
        provisional=sum(row.people for row in arrived) - confirmed,
        seeds=seeds,
        referred=confirmed - seeds,
    )


def _funnel(arrived: Sequence[Arrived], reached: Reached) -> tuple[Step, ...]:
    """From participants to orders. Visits of bots, previews and prefetches count nowhere."""
    brought = [row for row in arrived if row.generation]
    return funnel(
        [
            ("participants", sum(row.people for row in arrived)),
            ("sharers", reached.opened),
            ("visits", reached.visits),
            ("brought", sum(row.people for row in brought)),
            ("orders", sum(row.orders for row in brought)),
        ]
    )


def _rewards(rows: Sequence[Rewarded]) -> Rewards:
    granted = [row for row in rows if row.moment == Moment.GRANTED]
    points = [row for row in rows if row.kind == AwardKind.POINTS]
    given = [row for row in points if row.moment == Moment.GRANTED]
    return Rewards(
        grants=sum(row.grants for row in granted),
        points_pending=sum(row.kept for row in given if row.status == Grant.Status.PENDING),
        points_settled=sum(row.kept for row in points if row.moment == Moment.SETTLED),
        points_clawed_back=sum(row.clawed_back for row in given),
        points_void=sum(row.voided for row in given),
    )


def _cost(campaign: Campaign, purse: Purse, participants: int) -> Cost:
    return Cost(
        currency=campaign.currency,
        budget_minor=purse.budget,
        reserved_minor=purse.reserved,
        spent_minor=purse.spent,
        per_participant_minor=purse.spent / participants if participants else None,
    )
