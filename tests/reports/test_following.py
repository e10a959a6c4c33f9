"""The rollups follow what the services do, by the facts they record, or without any."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.checkout.services import order_report, refund_report
from apps.invites.models import Participant
from apps.invites.rules import Opening
from apps.invites.selectors import Brought
from apps.invites.services import (
    Author,
    campaign_join,
    campaign_link,
    participant_override,
    share_record,
    visit_record,
)
from apps.invites.services.importing import Imported, Referral, participants_import
from apps.members.models import Member
from apps.orders.models import MarginRate
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from apps.reports import services
from apps.reports.selectors import campaign_report, whole_report
from apps.rewards.models import Grant
from tests.makers import make_campaign, make_member, now
from tests.reports.rollups import miscounted, rows_of


def join(campaign: Campaign, name: str, code: str = "") -> Member:
    member = make_member(name)
    campaign_join(campaign=campaign, member_id=member.pk, brought=Brought(code), now=now())
    return member


def buy(member: Member, order_id: str) -> None:
    line = LineReport("tea", "tea", 1, 5000)
    report = OrderReport(
        order_id=order_id,
        member_id=member.pk,
        currency="CNY",
        paid_minor=5000,
        occurred_at=now(),
        lines=(line,),
    )
    order_report(report=report, brought=Brought(), now=now())


def assert_rebuilt_alike(campaign: Campaign) -> None:
    folded = rows_of(campaign)
    services.campaign_rebuild(campaign_id=campaign.pk, now=now())
    assert rows_of(campaign) == folded


def test_all_that_happens_is_counted(
    committed: None, drain: Callable[[], None], invariants_hold: Callable[[], None]
) -> None:
    campaign = make_campaign(time_zone="Asia/Shanghai")
    ann = join(campaign, "ann")
    link, _ = campaign_link(campaign=campaign, member_id=ann.pk, brought=Brought(), now=now())
    share_record(code=link.code, member_id=ann.pk)
    for agent_is_bot, visitor in ((False, "bob"), (False, "cleo"), (True, "")):
        visit_record(
            link=link, opening=Opening("GET", "", agent_is_bot, device="phone", visitor=visitor)
        )
    bob, cleo = join(campaign, "bob", link.code), join(campaign, "cleo", link.code)
    drain()
    for member, order in ((bob, "o1"), (bob, "o2"), (cleo, "o3")):
        buy(member, order)
    refund_report(order_id="o1", refund_id="r1", ask=RefundAsk(None), occurred_at=now())
    drain()
    moved = Participant.objects.get(campaign=campaign, member=cleo)
    below = Participant.objects.get(campaign=campaign, member=bob)
    participant_override(
        participant_id=moved.pk,
        referrer_id=below.pk,
        reason="She came with Bob.",
        author=Author(key="shop"),
        now=now(),
    )
    old = [make_member(name) for name in ("dora", "emil")]
    lines = [Referral(1, old[0].pk, None), Referral(2, old[1].pk, old[0].pk)]
    assert not list(participants_import(campaign=campaign, lines=lines, now=now(), done=Imported()))
    drain()
    invariants_hold()
    assert not miscounted(campaign)
    assert_rebuilt_alike(campaign)
    report = campaign_report(campaign, now=now())
    assert [(row.step, row.count) for row in report.funnel] == [
        ("participants", 5),
        ("sharers", 1),
        ("visits", 2),
        ("brought", 3),
        ("orders", 2),
    ]
    assert [(row.participants, row.referees) for row in report.generations] == [
        (2, 2),
        (2, 1),
        (1, 0),
    ]
    assert (report.freshness.changes_pending, report.freshness.rows_pending) == (0, 0)


@pytest.mark.django_db
def test_the_report_looks_at_no_participant_visit_link_order_or_reward() -> None:
    campaign = make_campaign()
    services.ahead_count()
    with CaptureQueriesContext(connection) as asked:
        whole_report(campaign, now=now())
    assert len(asked) > 10
    looked = re.compile(r'(FROM|JOIN) "?(invites_|rewards_|members_|orders_(?!marginrate))')
    assert [query["sql"] for query in asked if looked.search(query["sql"])] == []


def test_what_is_sold_and_promised_is_counted(
    committed: None, drain: Callable[[], None], invariants_hold: Callable[[], None]
) -> None:
    """By the services themselves: margins, refunds, a changed rate; grants made, settled, taken back."""
    campaign = make_campaign(
        (Trigger.ORDER_PAID, Beneficiary.MEMBER, {"points": 30}), enrolment="everyone"
    )
    MarginRate.objects.create(tag="", rate_bps=3000)
    ann, bob = make_member("ann"), make_member("bob")
    for number in range(3):
        buy(ann, f"a{number}")
    buy(bob, "b")
    drain()
    refund_report(order_id="a0", refund_id="r", ask=RefundAsk(None), occurred_at=now())
    refund_report(order_id="a1", refund_id="r", ask=RefundAsk(1000), occurred_at=now())
    drain()
    MarginRate.objects.update(rate_bps=2500)
    assert campaign_report(campaign, now=now()).freshness.changes_pending == 1
    drain()
    invariants_hold()
    assert not miscounted(campaign)
    assert_rebuilt_alike(campaign)
    report = whole_report(campaign, now=now())
    assert report.pay.revenue == 3 * 5000 - 1000
    assert report.pay.money.margin == (3 * 5000 - 1000) // 4
    grants = Grant.objects.filter(campaign=campaign)
    assert report.rewards.grants == grants.count() == 4
    assert report.spent.promised[-1] == sum(grant.cost_minor for grant in grants)
    assert report.rewards.points_clawed_back + report.rewards.points_void >= 30
