"""Did it pay? What a campaign earned less what it cost, as far as that is known."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from apps.campaigns.models import Campaign
from apps.reports.selectors.ahead import Kept
from apps.reports.selectors.margins import UNKNOWN, Cohort, Covered, Margins, earned
from apps.reports.selectors.seeds import arms_counted, terms_of, together
from apps.reports.selectors.standing import Purse
from apps.reports.viral import costs, experiments
from apps.reports.viral.costs import Balance, Money
from apps.reports.viral.figures import Figure, Reason, absent, ratio

# In an operator's words.
ASSUMED = (
    (
        "A line’s margin is what the shop told of it, else the lowest rate of its tags, else the "
        "shop’s rate; rates as they are set now."
    ),
    "A refund takes the same share of the margin back.",
    "The margin is the one before group discounts, which are taken off by themselves.",
    (
        "What a coupon or points paid of an order is in its margin already and, if this campaign "
        "gave them, in its rewards too: it counts twice, on the careful side."
    ),
)
NO_HOLDOUT = "no holdout was kept, so nobody knows what would have been bought without it"
NO_MARGIN = "no margin is known of anything that was sold"


@dataclass(frozen=True)
class Pay:
    """A campaign's money, and whether it paid: believed (`attributed`) and shown by a holdout.

    `coverage` is the share of the revenue of which the margin is known; what is not counts as
    nothing. `holdout_margin` is what those earned who got nothing: it is in no sum. All minor units.
    """

    currency: str
    revenue: int
    covered: tuple[Covered, ...]
    coverage: Figure
    money: Money
    balance: Balance
    lift: Figure
    holdout_margin: int
    per_member: Figure
    payback_day: Figure
    assumed: tuple[str, ...]


def paying(
    campaign: Campaign,
    purse: Purse,
    kept: Kept,
    *,
    k: Figure,
    seeds: int,
    referred: int,
    now: dt.datetime,
) -> Pay:
    """As of now, from the campaign's own orders, budget and costs. `k` is its K, of `seeds` and
    `referred` confirmed members."""
    margins, cohort = earned(campaign, purse.holdouts, now=now)
    money = _money(purse, margins)
    lift, lift_at = absent(Reason.NOT_APPLICABLE, NO_HOLDOUT), now
    if purse.holdouts:
        lift, lift_at = _lift(campaign, purse.holdouts, kept, now)
    per_member = _per_member(money, k, seeds, referred)
    revenue = sum(row.revenue for row in margins.covered)
    known = sum(row.revenue for row in margins.covered if row.source != UNKNOWN)
    return Pay(
        currency=campaign.currency,
        revenue=revenue,
        covered=margins.covered,
        coverage=ratio(known, revenue, "nothing was sold yet"),
        money=money,
        balance=_balance(money, lift, is_known=bool(known) or not revenue),
        lift=lift,
        holdout_margin=margins.holdout,
        per_member=per_member,
        payback_day=_payback(per_member, cohort),
        assumed=tuple(_assumed(margins, lift, lift_at)),
    )


def _money(purse: Purse, margins: Margins) -> Money:
    """Group discounts stand by themselves, also where the budget counts them."""
    return Money(
        margin=sum(row.margin for row in margins.covered),
        settled=purse.spent - purse.discounts_spent,
        reserved=purse.reserved - purse.discounts_reserved,
        discounts=sum(row.discounts for row in margins.covered),
        costs=purse.costs,
    )


def _balance(money: Money, lift: Figure, *, is_known: bool) -> Balance:
    if is_known:
        return costs.balance(money, lift)
    unknown = absent(Reason.NOT_APPLICABLE, NO_MARGIN)
    return Balance(unknown, unknown)


def _lift(
    campaign: Campaign, holdouts: Sequence[str], kept: Kept, now: dt.datetime
) -> tuple[Figure, dt.datetime]:
    """The share of the margin that would not have come without rewards, never above all of it; and when
    it was counted."""
    terms = terms_of(campaign)
    arms, counted_at = arms_counted(campaign, terms.window, kept, now=now)
    rewarded = together(arms, set(arms) - set(holdouts)).margin
    held = together(arms, holdouts).margin
    share = experiments.lift(held, rewarded, tightest_at=terms.tightest_at).share
    if share.value is None or share.high is None or share.high <= 1:
        return share, counted_at
    return replace(share, value=min(share.value, 1.0), high=1.0), counted_at


def _per_member(money: Money, k: Figure, seeds: int, referred: int) -> Figure:
    """CAC_eff: a seed costs its part of what was spent outside, a referee theirs of all rewards."""
    if not seeds:
        return absent(Reason.NOT_APPLICABLE, "nobody is confirmed yet")
    rewards = money.settled + money.reserved + money.discounts
    return costs.cost_per_member(
        k, seed_cost=money.costs / seeds, reward=rewards / referred if referred else 0.0
    )


def _payback(per_member: Figure, cohort: Cohort) -> Figure:
    if per_member.value is None:
        return absent(per_member.reason or Reason.NOT_APPLICABLE, per_member.why)
    return costs.payback(cohort.margin_by_day, per_member.value)


def _assumed(margins: Margins, lift: Figure, lift_at: dt.datetime) -> list[str]:
    """What the card believes, in an operator's words."""
    said = [*ASSUMED]
    if any(row.source == UNKNOWN for row in margins.covered):
        said.append("Revenue of unknown margin counts as if nothing had been earned on it.")
    if lift.value is None:
        said.append("Attributed: as if nobody would have bought without the campaign.")
    else:
        said.append(
            "Incremental: the share of the margin by which the rewarded seeds’ trees are above the "
            "holdout’s, within the window of a seed, is that of all of it. What seeds brought was "
            f"counted at {lift_at:%H:%M} UTC on {lift_at:%-d %B %Y}."
        )
    return said
