"""Kill a part of the engine in the middle of a replay: it gets late, never wrong."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from apps.demo import data
from apps.demo.client import Engine
from apps.demo.history import History
from apps.demo.journal import Journal
from apps.demo.replay import Replay
from apps.demo.shop import Shop, ShopServer
from apps.demo.stage import Stage
from apps.demo.totals import Totals
from apps.demo.waiting import wait_until_settled
from tests.demo.data import CHAINS
from tests.demo.own_var import own_var
from tests.demo.recount import recount
from tests.faults.cluster import Cluster, Killer

GROUPS = 16
PATIENCE_SECONDS = 90.0


class Story:
    """A replay that goes on while things are killed."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.whole: History = data.load(str(CHAINS) if CHAINS.exists() else "", GROUPS)
        self.left = list(self.whole.first(GROUPS).groups)
        self.shop_server = ShopServer()
        self.stage = self._stage()
        self.killer: Killer | None = None
        self.engine = Engine(
            cluster.url,
            self.stage.server_key,
            patience=PATIENCE_SECONDS,
            before_request=lambda: self.killer.tick() if self.killer else None,
        )
        impatient = Engine(cluster.url, self.stage.server_key, patience=3.0)
        self.shop = Shop(impatient, self.stage.webhook_secret, self.stage.sku)
        self.shop_server.open(self.shop)
        journal = Journal(cluster.var / "demo" / "journal.jsonl")
        self.replay = Replay(self.engine, self.stage, journal, self.whole.digest8)

    def _stage(self) -> Stage:
        sizes = {group.size for group in self.left}
        return self.cluster.stage(
            name=self.whole.name,
            digest=self.whole.digest,
            sizes=",".join(map(str, sorted(sizes))),
            shop_url=self.shop_server.url,
        )

    def go_on(self, groups: int) -> None:
        """Replay the next groups."""
        for group in self.left[:groups]:
            self.replay.group(group)
        del self.left[:groups]

    def go_on_while_killing(self, killer: Killer, groups: int) -> None:
        """Replay the next groups while `killer` strikes, and until all is up again."""
        self.killer = killer
        self.go_on(groups)
        self.killer = None
        killer.finish()

    def close(self) -> None:
        self.shop_server.close()
        self.shop.engine.close()
        self.engine.close()

    def totals(self) -> Totals:
        """The figures once nothing is under way."""
        path = f"/campaigns/{self.stage.campaign}/report"
        report = wait_until_settled(
            lambda: self.engine.server("GET", path), catch_up=self.shop.catch_up
        )
        return Totals.of_report(report)


@pytest.fixture
def story() -> Iterator[Story]:
    with own_var() as var:
        cluster = Cluster(var)
        try:
            cluster.start()
            with closing(Story(cluster)) as story:
                yield story
        finally:
            cluster.stop()


@pytest.mark.slow
def test_kills_in_the_middle_of_a_replay_change_nothing(story: Story) -> None:
    cluster = story.cluster
    story.go_on(2)
    # The worker's pool replaces a dead child; any other death stops the stack, by design.
    blows = (
        (cluster.worker_children, False),
        (cluster.worker, True),
        (cluster.web, True),
        (cluster.postgres, True),
    )
    for victims, falls in blows:
        story.go_on_while_killing(Killer(cluster, victims, at=10, falls=falls), groups=3)
    assert cluster.starts == 4
    story.go_on(GROUPS)

    totals = story.totals()
    wanted = recount(story.whole.first(GROUPS).groups)
    assert replace(totals, k=None) == Totals(
        completed=wanted.completed,
        failed=wanted.failed,
        participants=wanted.participants,
        referred=wanted.referred,
        refunded=wanted.refunded,
        points_settled=wanted.points,
        k=None,
    )
    assert totals.k == pytest.approx(wanted.k)
    checked = cluster.manage("check_invariants")
    assert checked.returncode == 0, checked.stdout + checked.stderr
