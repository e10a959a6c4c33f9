"""Any split of a refund ends like the whole, whatever was given and however far it was settled."""

import random
from collections.abc import Callable

import pytest

from apps.campaigns.models import Budget
from apps.campaigns.rules import AwardKind, Beneficiary, Trigger
from apps.checkout.services import order_report, refund_report
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join
from apps.obligations.selectors import balances
from apps.orders.rules import RefundAsk
from apps.orders.services import LineReport, OrderReport
from apps.points.selectors import wallet
from apps.points.services import points_import, points_reserve
from apps.tiers.selectors import tier_view
from tests.makers import make_campaign, make_member, now

ME = Beneficiary.MEMBER
LINES = (("tea", 3333), ("cup", 2500), ("pot", 4167))
PAID = sum(amount for _, amount in LINES)
AWARDS = (
    (Trigger.ORDER_PAID, ME, {"points": 7, "share_bps": 333}),
    (Trigger.ORDER_PAID, ME, {"points": 0, "share_bps": 777, "product_tags": ["tea"]}),
    (Trigger.ORDER_PAID, ME, {"kind": AwardKind.PAYABLE, "points": 0, "share_bps": 1234}),
    (Trigger.ORDER_PAID, ME, {"kind": AwardKind.GROWTH, "points": 0, "share_bps": 5000}),
    (Trigger.ORDER_PAID, ME, {"points": 100, "min_order_minor": 5000}),
)
Drain = Callable[[], None]


@pytest.fixture(autouse=True)
def promised(committed: None, invariants_hold: Callable[[], None]) -> object:
    yield
    invariants_hold()


def refunded(
    name: str, parts: list[int], drain: Drain, *, hold: int, between: bool
) -> dict[str, object]:
    """What is left for the buyer and the budget of an order refunded in these parts."""
    campaign = make_campaign(
        *((trigger, who, {**terms, "hold_seconds": hold}) for trigger, who, terms in AWARDS),
        budget_minor=1_000_000,
    )
    buyer = make_member(name)
    campaign_join(campaign=campaign, member_id=buyer.pk, brought=Brought(), now=now())
    points_import(member_id=buyer.pk, amount=1000, expires_at=None, key=f"import:{name}", now=now())
    points_reserve(
        member_id=buyer.pk, amount=601, order_id=name, is_test=False, key=name, now=now()
    )
    order_report(
        report=OrderReport(
            order_id=name,
            member_id=buyer.pk,
            currency="CNY",
            paid_minor=PAID,
            occurred_at=now(),
            lines=tuple(
                LineReport(line_id=tag, sku=tag, quantity=1, amount_minor=amount, tags=(tag,))
                for tag, amount in LINES
            ),
        ),
        brought=Brought(),
        now=now(),
    )
    drain()
    for number, amount in enumerate(parts):
        refund_report(
            order_id=name,
            refund_id=f"r{number}",
            ask=RefundAsk(lines=(("pot", amount),)),
            occurred_at=now(),
        )
        if between:
            drain()
    drain()
    budget = Budget.objects.get(campaign=campaign)
    return {
        "wallet": wallet(buyer.pk),
        "owed": balances(buyer.pk),
        "growth": tier_view(buyer.pk, is_test=False).growth,
        "budget": (budget.reserved_minor, budget.spent_minor),
    }


@pytest.mark.parametrize("hold", [0, 3600])
@pytest.mark.parametrize("whole", [1, 2084, 4167])
def test_parts_end_like_the_whole(drain: Drain, hold: int, whole: int) -> None:
    expected = refunded("whole", [whole], drain, hold=hold, between=True)
    for seed in range(3):
        cuts = sorted(random.Random(seed).sample(range(whole + 1), min(3, whole)))
        edges = [0, *cuts, whole]
        parts = [b - a for a, b in zip(edges, edges[1:], strict=False) if b > a]
        for between in (True, False):
            name = f"parts-{seed}-{between}"
            assert refunded(name, parts, drain, hold=hold, between=between) == expected
