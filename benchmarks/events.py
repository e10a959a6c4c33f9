"""Processing a fact: a paid order is decided, and its buyer rewarded."""

from django.db import transaction

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.members.models import Member
from apps.orders.services import LineReport
from apps.points.services import purses_lock
from benchmarks import pgbench, stage, workers
from benchmarks.arena import Arena
from benchmarks.database import Database
from benchmarks.errors import RanOut
from benchmarks.rounds import Case, Sample
from benchmarks.workers import Workers

BUYERS = 100
BATCH = 50

FILL_BACKLOG = pgbench.text("backlog_fill")
NOTHING_DUE = "UPDATE core_event SET status = 'done' WHERE status = 'pending'"
PENDING = "SELECT count(*) FROM core_event WHERE status = 'pending'"


def make_case(arena: Arena) -> Case:
    """Orders of many members, waiting for the processor; the campaign has one policy."""
    campaign = stage.make_campaign(
        "Paid orders", Trigger.ORDER_PAID, Beneficiary.MEMBER, Campaign.QualifyingAct.JOIN
    )
    buyers = _make_buyers(campaign)
    processors = workers.start(arena.stack, "events", workers.PROCESSES)
    return Case(
        name="events",
        title=f"order.paid processed by {workers.PROCESSES} processes, in a campaign with one policy",
        table="rewards_decision",
        engine=ProcessedEvents(arena.database, buyers, processors),
        ceiling=UpdatedEvents(arena.database, campaign, buyers, arena.connections),
        processes=processors.pids,
    )


def _make_buyers(campaign: Campaign) -> list[Member]:
    """Participants whose accounts are open."""
    buyers = [stage.make_member() for _ in range(BUYERS)]
    with transaction.atomic():
        for buyer in buyers:
            stage.join(campaign, buyer)
        purses_lock(member_ids=[buyer.pk for buyer in buyers])
    return buyers


class ProcessedEvents:
    """`events_process`, in as many processes as a worker has by default."""

    guess = 60
    least_seconds = 0.0

    def __init__(self, database: Database, buyers: list[Member], processors: Workers) -> None:
        self._database = database
        self._buyers = buyers
        self._processors = processors

    def prepare(self, acts: int) -> None:
        line = LineReport("1", stage.TEA.sku, 1, stage.TEA.single_price_minor)
        self._database.run(NOTHING_DUE)
        for first in range(0, acts, BATCH):
            with transaction.atomic():
                for nth in range(first, min(first + BATCH, acts)):
                    stage.report_order(self._buyers[nth % len(self._buyers)], line)

    def run(self, seconds: float) -> Sample:
        sample = self._processors.run(seconds)
        if not self._database.one(PENDING) and sample.seconds < seconds / 2:
            raise RanOut
        return sample


class UpdatedEvents:
    """One statement: claim the next event, write what comes of it, mark it done."""

    guess = 3_000
    least_seconds = pgbench.LEAST_SECONDS

    def __init__(
        self, database: Database, campaign: Campaign, buyers: list[Member], clients: int
    ) -> None:
        self._database = database
        self._clients = clients
        self._buyers = [buyer.pk for buyer in buyers]
        self._given = {
            "campaign_id": campaign.pk,
            "version_id": campaign.published_version_id,
            "policy": campaign.policies.get().public_id,
        }

    def prepare(self, acts: int) -> None:
        self._database.run(NOTHING_DUE)
        self._database.run(FILL_BACKLOG, {"acts": acts, "buyers": self._buyers})

    def run(self, seconds: float) -> Sample:
        sample = pgbench.run(
            "event",
            url=self._database.url,
            clients=self._clients,
            seconds=seconds,
            given=self._given,
        )
        if not self._database.one(PENDING):
            raise RanOut
        return sample
