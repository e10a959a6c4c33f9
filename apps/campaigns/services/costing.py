"""What a campaign cost outside its budget: entered once, never changed, reversed by a row of its own."""

import datetime as dt
from dataclasses import dataclass

from apps.campaigns import events
from apps.campaigns.models import Campaign, CampaignCost
from apps.campaigns.selectors import CostUnknown
from apps.core.errors import Conflict, Invalid
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.members.models import Member
from apps.members.selectors import member_by_external_id

# A cost of more days than this is a mistyped year.
LONGEST = dt.timedelta(days=3 * 366)
EARLIEST = dt.date(2000, 1, 1)
LATEST = dt.date(2199, 12, 31)


class CostDaysOdd(Invalid):
    code = "cost_days_odd"


class CostOfNoPartner(Invalid):
    code = "cost_of_no_partner"
    message = "Only a partner's fee is somebody's."


class CostInOtherCurrency(Invalid):
    code = "currency_mismatch"


class CostAlreadyReversed(Conflict):
    code = "cost_already_reversed"
    message = "This cost was taken back already."


class CostIsReversal(Conflict):
    code = "cost_is_reversal"
    message = "This row takes a cost back. If that was wrong, enter the cost again."


@dataclass(frozen=True)
class CostReport:
    """A cost as somebody tells it: days of the campaign's time zone, minor units above zero.

    `partner` is the shop's own id of whoever gets the fee.
    """

    kind: str
    amount_minor: int
    currency: str
    first_day: dt.date
    last_day: dt.date
    note: str = ""
    partner: str = ""


@dataclass(frozen=True)
class CostAuthor:
    """Who enters it: an operator, or a server key."""

    operator_id: int | None = None
    key: str = ""


@in_transaction
def cost_enter(
    *, campaign: Campaign, report: CostReport, author: CostAuthor, now: dt.datetime
) -> CampaignCost:
    """Keep what the shop spent on a campaign, for good; records `campaign.cost_entered`.

    Raises CostDaysOdd, CostInOtherCurrency, CostOfNoPartner, MemberUnknown. Locks nothing.
    """
    if report.currency != campaign.currency:
        raise CostInOtherCurrency(
            f"The campaign is in {campaign.currency}: give the cost in it.", pointer="/currency"
        )
    _demand_days(report)
    cost = CampaignCost.objects.create(
        campaign=campaign,
        kind=report.kind,
        amount_minor=report.amount_minor,
        first_day=report.first_day,
        last_day=report.last_day,
        partner=_partner(campaign, report),
        note=report.note,
        entered_by_id=author.operator_id,
        entered_with=author.key,
        entered_at=now,
    )
    _tell(events.COST_ENTERED, cost, now)
    return cost


@in_transaction
def cost_reverse(*, cost_id: int, note: str, author: CostAuthor, now: dt.datetime) -> CampaignCost:
    """Take a cost back by a row with the opposite amount; records `campaign.cost_reversed`.

    Raises CostUnknown, CostIsReversal, CostAlreadyReversed. Locks the cost: of two at once the
    second finds the first.
    """
    cost = (
        CampaignCost.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign")
        .filter(pk=cost_id)
        .first()
    )
    if cost is None:
        raise CostUnknown()
    if cost.reverses_id is not None:
        raise CostIsReversal()
    if CampaignCost.objects.filter(reverses=cost).exists():
        raise CostAlreadyReversed()
    reversal = CampaignCost.objects.create(
        campaign=cost.campaign,
        kind=cost.kind,
        amount_minor=-cost.amount_minor,
        first_day=cost.first_day,
        last_day=cost.last_day,
        partner_id=cost.partner_id,
        note=note,
        reverses=cost,
        entered_by_id=author.operator_id,
        entered_with=author.key,
        entered_at=now,
    )
    _tell(events.COST_REVERSED, reversal, now)
    return reversal


def _partner(campaign: Campaign, report: CostReport) -> Member | None:
    if not report.partner:
        return None
    if report.kind != CampaignCost.Kind.PARTNER_FEE:
        raise CostOfNoPartner(pointer="/partner")
    return member_by_external_id(report.partner, is_test=campaign.is_test, pointer="/partner")


def _demand_days(report: CostReport) -> None:
    first, last = report.first_day, report.last_day
    if not EARLIEST <= first <= LATEST:
        raise CostDaysOdd(f"A day lies between {EARLIEST} and {LATEST}.", pointer="/first_day")
    if last < first:
        raise CostDaysOdd("The last day comes before the first.", pointer="/last_day")
    if last > LATEST or last - first > LONGEST:
        raise CostDaysOdd("A cost covers three years at most.", pointer="/last_day")


def _tell(kind: str, cost: CampaignCost, now: dt.datetime) -> None:
    event_record(
        key=f"{kind}:{cost.public_id}",
        kind=kind,
        payload={
            "campaign": cost.campaign.public_id,
            "cost": cost.public_id,
            "kind": cost.kind,
            "amount_minor": cost.amount_minor,
            "currency": cost.campaign.currency,
        },
        occurred_at=now,
        is_test=cost.campaign.is_test,
        wakes=False,
    )
