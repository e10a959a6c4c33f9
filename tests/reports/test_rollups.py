"""Whatever happens in whatever order, rollups are what one would count from scratch."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import strategies as st

from apps.campaigns.models import Campaign
from apps.core.clock import engine_now
from apps.invites.models import CampaignOrder, Link, Participant, Share, Visit
from apps.members.models import Member
from apps.orders.models import MarginRate, Order, OrderLine, Refund
from apps.reports import services
from apps.reports.models import Cell, Rolled
from apps.reports.services import folding
from apps.rewards.models import ClawBack, Grant
from tests.makers import make_campaign
from tests.reports.rollups import miscounted, rows_of

pytestmark = pytest.mark.django_db

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
VARIANTS = ("", "b")
people = st.integers(0, 11)
hours = st.floats(0, 30 * 24).map(lambda hours: -hours * HOUR)
# (amount, tags, margin)
line = st.tuples(
    st.integers(0, 500),
    st.lists(st.sampled_from(("tea", "cup", "rest")), unique=True),
    st.none() | st.integers(-20, 90),
)
act = st.one_of(
    st.tuples(st.just("joins"), st.none() | people, hours, hours | st.none(), st.booleans()),
    st.tuples(st.just("is_confirmed"), people, hours),
    st.tuples(st.just("is_brought_by"), people, st.none() | people),
    st.tuples(st.just("buys"), people, hours, st.lists(line, max_size=2), st.sampled_from((0, 70))),
    st.tuples(st.just("is_refunded"), st.integers(0, 5), st.integers(0, 3), st.booleans()),
    st.tuples(
        st.just("is_rated"), st.sampled_from(("", "tea", "cup")), st.none() | st.integers(0, 99)
    ),
    st.tuples(st.just("is_given"), people, st.integers(0, 90), hours),
    st.tuples(st.just("settles"), st.integers(0, 5), hours),
    st.tuples(st.just("is_taken_back"), st.integers(0, 5), st.integers(1, 60)),
    st.tuples(st.just("shares"), people, hours),
    st.tuples(st.just("is_opened"), people, hours, st.booleans()),
    st.tuples(st.just("fold")),
    st.tuples(st.just("rebuild")),
)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Play:
    """What happens to the rows of a campaign, each with the mark that its event leaves."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.version = campaign.versions.latest("pk")
        self.now = engine_now()
        self.people: list[Participant] = []
        self.orders: list[Order] = []
        self.grants: list[Grant] = []

    def joins(
        self, above: int | None, at: dt.timedelta, confirmed: dt.timedelta | None, told: bool
    ) -> None:
        referrer = self.someone(above)
        row = Participant(campaign=self.campaign, member=Member.objects.create())
        row.version, row.joined_at = self.version, self.now + at
        row.variant = VARIANTS[len(self.people) % 2]
        self.place(row, referrer)
        if confirmed is not None:
            row.status, row.confirmed_at = Participant.Status.CONFIRMED, self.now + confirmed
        row.save()
        self.people.append(row)
        if told:  # else it came in with old history
            self.mark(row)

    def is_confirmed(self, who: int, at: dt.timedelta) -> None:
        row = self.someone(who)
        if row is not None and row.confirmed_at is None:
            row.status, row.confirmed_at = Participant.Status.CONFIRMED, self.now + at
            row.save()
            self.mark(row)

    def is_brought_by(self, who: int, above: int | None) -> None:
        row, referrer = self.someone(who), self.someone(above)
        if row is None or row == referrer or row.referees.exists():
            return
        self.place(row, referrer)
        row.save()
        self.mark(row)

    def buys(
        self,
        who: int,
        at: dt.timedelta,
        lines: list[tuple[int, list[str], int | None]],
        beyond: int,
    ) -> None:
        row = self.someone(who)
        if row is None:
            return
        order = Order(order_id=f"o{len(self.orders)}", member=row.member, nth=len(self.orders) + 1)
        order.paid_minor = sum(amount for amount, _, _ in lines) + beyond
        order.occurred_at, order.currency = self.now + at, "CNY"
        order.save()
        for number, (amount, tags, margin) in enumerate(lines):
            line = OrderLine(order=order, line_id=str(number), sku="tea", quantity=1, tags=tags)
            line.amount_minor, line.margin_minor = amount, margin
            line.save()
        CampaignOrder.objects.create(campaign=self.campaign, order=order, participant=row)
        self.orders.append(order)
        services.order_mark(order_id=order.order_id, is_test=False)

    def is_refunded(self, which: int, thirds: int, by_line: bool) -> None:
        """A part of what is left, or all of it, of the first line or of the order."""
        if which >= len(self.orders):
            return
        order = Order.objects.get(pk=self.orders[which].pk)
        line = order.lines.order_by("pk").first() if by_line else None
        part = (line or order).kept_minor * thirds // 3
        part = min(part, order.kept_minor)
        if line is not None:
            line.refunded_minor += part
            line.save()
        order.refunded_minor += part
        order.save()
        number = Refund.objects.count()
        Refund.objects.create(
            order=order,
            order_id_reported=order.order_id,
            refund_id=f"r{number}",
            asked={},
            occurred_at=self.now,
        )
        services.order_mark(order_id=order.order_id, is_test=False)

    def is_rated(self, tag: str, percent: int | None) -> None:
        MarginRate.objects.filter(tag=tag).delete()
        if percent is not None:
            MarginRate.objects.create(tag=tag, rate_bps=percent * 100)

    def is_given(self, who: int, cost: int, at: dt.timedelta) -> None:
        row = self.someone(who)
        if row is not None:
            grant = Grant(campaign=self.campaign, policy="pol_x", subject=f"s{len(self.grants)}")
            grant.member, grant.beneficiary, grant.granted_at = row.member, "member", self.now + at
            grant.amount = grant.full_cost_minor = grant.cost_minor = cost
            grant.save()  # without any event
            self.grants.append(grant)

    def settles(self, which: int, at: dt.timedelta) -> None:
        if which < len(self.grants) and self.grants[which].status == "pending":
            grant = self.grants[which]
            grant.status, grant.settled_at = "settled", self.now + at
            grant.save()
            services.grant_mark(public_id=grant.public_id)

    def is_taken_back(self, which: int, part: int) -> None:
        if which >= len(self.grants) or not self.grants[which].left:
            return
        grant = self.grants[which]
        part, pending = min(part, grant.left), grant.status == "pending"
        cause = f"c{grant.taken_back}"
        ClawBack.objects.create(grant=grant, cause=cause, amount=part, while_pending=pending)
        grant.taken_back += part
        grant.cost_minor -= part
        if not grant.left:
            grant.status = "void" if pending else "clawed_back"
        grant.save()
        services.grant_mark(public_id=grant.public_id)

    def shares(self, who: int, at: dt.timedelta) -> None:
        if row := self.someone(who):
            Share.objects.create(link=self.link(row), shared_at=self.now + at)

    def is_opened(self, who: int, at: dt.timedelta, bot: bool) -> None:
        if row := self.someone(who):
            skipped = "bot" if bot else ""
            Visit.objects.create(link=self.link(row), opened_at=self.now + at, skipped=skipped)

    def fold(self) -> None:
        services.journals_fold()
        services.campaigns_fold()

    def rebuild(self) -> None:
        services.campaign_rebuild(campaign_id=self.campaign.pk, now=self.now)

    def someone(self, who: int | None) -> Participant | None:
        return self.people[who] if who is not None and who < len(self.people) else None

    def place(self, row: Participant, referrer: Participant | None) -> None:
        row.referrer = referrer
        row.root = (referrer.root or referrer) if referrer else None
        row.generation = referrer.generation + 1 if referrer else 0
        row.variant = referrer.variant if referrer else row.variant

    def link(self, row: Participant) -> Link:
        return Link.objects.get_or_create(participant=row, is_default=True, room="")[0]

    def mark(self, row: Participant) -> None:
        services.participant_mark(public_id=row.public_id)


def a_campaign(**given: Any) -> Campaign:
    window = dt.timedelta(days=7)
    return make_campaign(time_zone="Asia/Kolkata", attribution_window=window, **given)


@hypothesis.settings(max_examples=40)
@hypothesis.given(acts=st.lists(act, min_size=4, max_size=25))
def test_rollups_are_what_one_would_count_from_scratch(acts: list[Any]) -> None:
    with undone():
        play = Play(a_campaign())
        for name, *told in acts:
            getattr(play, name)(*told)
        play.fold()
        play.fold()  # whom the first has seen come in without an event
        assert not miscounted(play.campaign)
        folded = rows_of(play.campaign)
        play.rebuild()
        assert rows_of(play.campaign) == folded


def test_other_days_or_another_window_have_the_rows_built_anew() -> None:
    play = Play(a_campaign())
    for who in range(3):
        play.joins(
            who - 1 if who else None, -9 * DAY + who * 3 * DAY, -9 * DAY * (3 - who) / 3, True
        )
    play.is_opened(0, -DAY, False)
    play.fold()
    for changed in ({"time_zone": "Asia/Shanghai"}, {"attribution_window": DAY}):
        Campaign.objects.filter(pk=play.campaign.pk).update(**changed)
        play.campaign.refresh_from_db()
        before = rows_of(play.campaign)
        play.fold()
        assert not miscounted(play.campaign)
        assert rows_of(play.campaign) != before


def test_hours_are_forgotten_once_they_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(a_campaign())
    play.joins(None, -2 * DAY, -2 * DAY, True)
    play.joins(0, -DAY, -DAY, True)
    play.fold()
    assert Cell.objects.filter(grain="hour").count() == 2
    later = play.now + 4 * DAY
    monkeypatch.setattr(folding, "engine_now", lambda: later)
    play.joins(1, 3 * DAY, 3 * DAY, True)
    play.fold()
    assert Cell.objects.filter(grain="hour").count() == 1
    assert not miscounted(play.campaign)


def test_drafts_and_campaigns_without_anybody_cost_nothing() -> None:
    make_campaign(published=False)
    campaign = make_campaign()
    assert services.campaigns_fold() == 1
    assert services.campaigns_fold() == 0
    assert list(Rolled.objects.values_list("campaign", flat=True)) == [campaign.pk]


def test_more_marks_than_one_transaction_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "AT_ONCE", 2)
    play = Play(a_campaign())
    play.fold()
    for who in range(5):
        play.joins(who - 1 if who else None, -DAY, -DAY, True)
    assert [services.campaigns_fold() for _ in range(4)] == [2, 2, 1, 0]
    assert not miscounted(play.campaign)


def test_rebuilding_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    play = Play(a_campaign(name="Tea [/b]"))
    play.joins(None, -DAY, -DAY, True)
    other = make_campaign(name="Cake")
    call_command("rebuild_reports")
    assert "2 campaigns, 1 participants counted." in capsys.readouterr().out
    call_command("rebuild_reports", campaign=other.public_id)
    told = capsys.readouterr()
    assert "1 campaigns, 0 participants counted." in told.out
    assert "Cake" in told.err
    with pytest.raises(CommandError, match="campaign"):
        call_command("rebuild_reports", campaign="cmp_nobody")
