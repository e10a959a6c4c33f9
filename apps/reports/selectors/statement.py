"""What somebody who brings others came to: their campaigns, what they earned in money, what was paid.

The same for a partner with terms of their own and for anybody with a link.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from apps.campaigns.models import Budget, Campaign, CampaignCost
from apps.campaigns.selectors import fees_of
from apps.coupons.models import Template
from apps.coupons.selectors import figures
from apps.invites.models import Link, Participant
from apps.invites.selectors.funnels import Funnel, funnels_by_owner, funnels_of_owner
from apps.members.models import Identity, Member
from apps.obligations.models import Payable, Payout
from apps.obligations.selectors import Balance, balances
from apps.rewards.models import Grant

# The newest campaigns, their newest links, and the newest statements: more is in the lists themselves.
MOST_PLACES = 20
MOST_LINKS = 50
MOST_PAYOUTS = 100
MOST_FEES = 100
AT_ONCE = 500


@dataclass(frozen=True)
class Period:
    """[since, until)."""

    since: dt.datetime
    until: dt.datetime

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The days that begin in it, [first, until): of costs, which have days and no moments."""
        return _next_midnight(self.since), _next_midnight(self.until)


def _next_midnight(moment: dt.datetime) -> dt.date:
    """The day that begins at this moment (UTC), or the next one."""
    moment = moment.astimezone(dt.UTC)
    begins = moment.time() == dt.time()
    return moment.date() if begins else moment.date() + dt.timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """A campaign they are in, the version whose terms are theirs, and how far their links came."""

    participant: Participant
    links: int
    funnel: Funnel

    @property
    def campaign(self) -> Campaign:
        return self.participant.campaign

    @property
    def version(self) -> int:
        return self.participant.version.number


@dataclass(frozen=True)
class LinkFigures:
    """One link with its funnel."""

    link: Link
    funnel: Funnel


@dataclass(frozen=True)
class Total:
    """What was earned in a period, in one currency. `taken_back_minor` is part of `earned_minor`."""

    currency: str
    earned_minor: int
    taken_back_minor: int

    @property
    def left_minor(self) -> int:
        return self.earned_minor - self.taken_back_minor


@dataclass(frozen=True)
class Earning:
    """Money that was earned: for which campaign's reward, how much is left of it, and how far it is.

    `state` is `pending`, `due`, `in_statement`, `paid` or `void`; `payout` names the statement.
    """

    at: dt.datetime
    campaign: str
    campaign_name: str
    reference: str
    currency: str
    amount_minor: int
    taken_back_minor: int
    state: str
    payout: str

    @property
    def left_minor(self) -> int:
        return self.amount_minor - self.taken_back_minor


@dataclass(frozen=True)
class FundedCoupons:
    """Coupons that they honour, and how many were redeemed."""

    template: Template
    issued: int
    redeemed: int


@dataclass(frozen=True)
class Statement:
    """A member's statement of a period. Balances and funnels are as of now."""

    member: Member
    period: Period
    places: tuple[Place, ...]
    totals: tuple[Total, ...]
    balances: tuple[Balance, ...]
    payouts: tuple[Payout, ...]
    budgets: tuple[Budget, ...]
    coupons: tuple[FundedCoupons, ...]
    fees: tuple[CampaignCost, ...]


def statement_of(member: Member, period: Period) -> Statement:
    """Everything of a statement but its earnings, which may be many: see `payables_of`."""
    payouts = Payout.objects.filter(
        member=member, requested_at__gte=period.since, requested_at__lt=period.until
    )
    return Statement(
        member=member,
        period=period,
        places=tuple(_places(member)),
        totals=tuple(_totals(member, period)),
        balances=tuple(balances(member.pk)),
        payouts=tuple(payouts.order_by("-pk")[:MOST_PAYOUTS]),
        budgets=tuple(_budgets(member)),
        coupons=tuple(_coupons(member)),
        fees=tuple(fees_in(member, period).order_by("-first_day", "-pk")[:MOST_FEES]),
    )


def fees_in(member: Member, period: Period) -> QuerySet[CampaignCost]:
    """The fees entered for them whose first day begins in a period, so each is in one month alone."""
    return fees_of(member.pk, *period.days)


def _known_as(member: Member) -> "QuerySet[Identity, tuple[str]]":
    names = member.identities.filter(kind=Identity.Kind.EXTERNAL_ID, namespace="")
    return names.values_list("value")


def _budgets(member: Member) -> "QuerySet[Budget]":
    """The budgets of campaigns that they pay for."""
    theirs = Budget.objects.filter(partner__in=_known_as(member), campaign__is_test=member.is_test)
    return theirs.select_related("campaign").order_by("-pk")[:MOST_PLACES]


def _coupons(member: Member) -> Iterator[FundedCoupons]:
    theirs = Template.objects.filter(partner__in=_known_as(member), is_test=member.is_test)
    for template in theirs.order_by("-pk")[:MOST_PLACES]:
        counts = figures(template).by_status
        yield FundedCoupons(template, sum(counts.values()), counts.get("redeemed", 0))


def _places(member: Member) -> Iterator[Place]:
    mine = Participant.objects.filter(member=member).select_related("campaign", "version")
    for participant in mine.order_by("-pk")[:MOST_PLACES]:
        [funnel] = funnels_by_owner(participant.campaign, owner=participant.pk)
        yield Place(participant, participant.links.count(), funnel)


def lists_of_now(member: Member) -> list[str]:
    """The names of the lists they are on now, for the shop alone."""
    on_it = member.audiences.order_by("audience__name")
    return list(on_it.values_list("audience__name", flat=True))


def links_of(place: Place) -> list[LinkFigures]:
    """The newest links of a place, each with its funnel."""
    found = {funnel.name: funnel for funnel in funnels_of_owner(place.participant, most=MOST_LINKS)}
    links = Link.objects.filter(code__in=found).order_by("-pk")
    return [LinkFigures(link, found[link.code]) for link in links]


def _totals(member: Member, period: Period) -> list[Total]:
    sums = payables_of(member, period).order_by("currency").values_list("currency")
    rows = sums.annotate(earned=Sum("amount_minor"), back=Sum("taken_back_minor"))
    return [Total(*row) for row in rows]


def payables_of(member: Member, period: Period) -> QuerySet[Payable]:
    """What was earned in a period, in no order."""
    return Payable.objects.filter(
        member=member, created_at__gte=period.since, created_at__lt=period.until
    )


def earnings(payables: Sequence[Payable]) -> list[Earning]:
    """Payables, their `payout` loaded, as earnings. One query."""
    grants = Grant.objects.filter(public_id__in=[row.reference for row in payables])
    named = {grant.public_id: grant for grant in grants.select_related("campaign")}
    return [_earning(row, named.get(row.reference)) for row in payables]


def every_earning(member: Member, period: Period) -> Iterator[Earning]:
    """All that was earned in a period, the oldest first, read a few hundred at a time."""
    rows = payables_of(member, period).select_related("payout").order_by("pk")
    for chunk in _chunks(rows.iterator(chunk_size=AT_ONCE)):
        yield from earnings(chunk)


def _chunks(rows: Iterable[Payable]) -> Iterator[list[Payable]]:
    chunk: list[Payable] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _earning(payable: Payable, grant: Grant | None) -> Earning:
    return Earning(
        at=payable.created_at,
        campaign=grant.campaign.public_id if grant else "",
        campaign_name=grant.campaign.name if grant else "",
        reference=payable.reference,
        currency=payable.currency,
        amount_minor=payable.amount_minor,
        taken_back_minor=payable.taken_back_minor,
        state=_state(payable),
        payout=payable.payout.public_id if payable.payout else "",
    )


def _state(payable: Payable) -> str:
    if payable.payout is None:
        return payable.status
    return "paid" if payable.payout.status == Payout.Status.CONFIRMED else "in_statement"
