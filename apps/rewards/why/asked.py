"""What is asked about, resolved from the words of whoever asks."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from django.db.models import Model, QuerySet

from apps.campaigns.models import Campaign
from apps.campaigns.rules import AwardKind
from apps.core.templatetags.money import money
from apps.invites.models import Act, CampaignOrder, Participant
from apps.members.models import Identity, Member
from apps.orders.models import Order
from apps.rewards.subjects import (
    act_subject,
    opening_subject,
    order_subject,
    participant_subject,
    room_subject,
)

Row = TypeVar("Row", bound=Model)

# Of one member, so many of the newest orders, acts and seats are looked at.
MOST_LOOKED_AT = 50


@dataclass
class Asked:
    """The member, order and campaign a question names; None where it names none."""

    member: Member | None
    order: Order | None
    campaign: Campaign | None
    is_test: bool
    now: dt.datetime
    _names: dict[int, str] = field(default_factory=dict)

    def name(self, member_id: int | None) -> str:
        """A member as the shop knows them: by the external id, else by ours."""
        if member_id is None:
            return "nobody"
        if member_id not in self._names:
            self.learn_names([member_id])
        return self._names[member_id]

    def learn_names(self, member_ids: Iterable[int | None]) -> None:
        """Read several names at once."""
        new = {member for member in member_ids if member is not None} - set(self._names)
        self._names |= dict(Member.objects.filter(pk__in=new).values_list("pk", "public_id"))
        known_as = Identity.objects.filter(member__in=new, kind=Identity.Kind.EXTERNAL_ID)
        self._names |= dict(known_as.values_list("member_id", "value"))

    @property
    def mode(self) -> str:
        return "test" if self.is_test else "live"

    @cached_property
    def orders(self) -> list[Order]:
        """The order, or else the member's newest ones."""
        if self.order is not None:
            return [self.order]
        if self.member is None:
            return []
        rows = Order.objects.filter(member=self.member).order_by("-pk")
        return list(rows[:MOST_LOOKED_AT])

    @cached_property
    def counted(self) -> list[CampaignOrder]:
        """Where these orders count."""
        rows = CampaignOrder.objects.filter(order__in=self.orders).select_related(
            "campaign", "order", "participant__referrer"
        )
        return list(self._of_campaign(rows).order_by("-pk"))

    @cached_property
    def participants(self) -> list[Participant]:
        """The member's places in campaigns; of an order alone, its buyer's."""
        member = self.member or (self.order.member if self.order else None)
        if member is None:
            return []
        rows = Participant.objects.filter(member=member).select_related("campaign")
        return list(self._of_campaign(rows).order_by("-pk")[:MOST_LOOKED_AT])

    @cached_property
    def acts(self) -> list[Act]:
        """The acts of the order, or of the member."""
        rows = Act.objects.select_related("campaign")
        if self.order is not None:
            rows = rows.filter(order=self.order)
        else:
            rows = rows.filter(participant__in=self.participants)
        return list(self._of_campaign(rows).order_by("-pk")[:MOST_LOOKED_AT])

    @cached_property
    def rooms(self) -> list[str]:
        """The public ids of the rooms with a seat of these orders."""
        seats = (
            row["paid_seat__room__public_id"]
            for order in self.orders
            for row in order.lines.exclude(paid_seat=None).values("paid_seat__room__public_id")
        )
        return list(dict.fromkeys(seats))

    @cached_property
    def subjects(self) -> list[str]:
        """What could have been decided about it."""
        own = [order_subject(row.campaign.public_id, row.order.order_id) for row in self.counted]
        own += [act_subject(act.public_id) for act in self.acts]
        for room in self.rooms:
            own += [room_subject(room), opening_subject(room)]
        if self.order is None:
            own += [participant_subject(row.public_id) for row in self.participants]
        return own

    def _of_campaign(self, rows: "QuerySet[Row]") -> "QuerySet[Row]":
        return rows.filter(campaign=self.campaign) if self.campaign else rows


_UNITS = {
    AwardKind.POINTS: ("point", "points"),
    AwardKind.COUPON: ("coupon", "coupons"),
    AwardKind.GROWTH: ("growth point", "growth points"),
}


def given(kind: str, amount: int, what: str, currency: str) -> str:
    """What somebody gets, for people: “10 points”, “¥5.00”, “2 × tin of tea”."""
    if kind == AwardKind.PAYABLE:
        return money(amount, currency)
    if kind == AwardKind.CUSTOM:
        return f"{amount} × {what}" if amount > 1 else what
    one, many = _UNITS[AwardKind(kind)]
    return f"{amount:,} {one if amount == 1 else many}"
