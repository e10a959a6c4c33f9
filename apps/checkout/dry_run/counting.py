"""One campaign an order would count in: where its buyer would stand, and what it would give."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Max

from apps.campaigns.granting import Kept, Supposed, would_keep_back
from apps.campaigns.models import Campaign, Version
from apps.campaigns.rules import (
    ActFacts,
    Award,
    Beneficiary,
    Circumstances,
    Decision,
    Facts,
    OrderFacts,
    PolicyTerms,
    RoomFacts,
    Trigger,
    award_cost_minor,
    decide,
    draw_variant,
)
from apps.campaigns.selectors import (
    budget_of,
    in_time,
    is_holdout,
    lists_of,
    partners_among,
    terms_of,
    variants_of,
    was_running,
    was_shown,
)
from apps.checkout.dry_run.seats import SeatForecast
from apps.checkout.dry_run.touches import Said
from apps.groupbuy.models import Seat
from apps.invites.models import Act, Participant
from apps.invites.selectors import (
    attribution_of,
    circumstances,
    coupons_heard,
    draw_of,
    may_move,
)
from apps.members.models import Member
from apps.orders.models import Order

_REFERRALS = (Trigger.FRIEND_CONFIRMED, Trigger.FRIEND_BOUGHT)


@dataclass(frozen=True)
class Decided:
    """One fact the order would make, and what a version decides about it."""

    facts: Facts
    decision: Decision
    terms: Mapping[str, PolicyTerms]
    at: dt.datetime
    kept: tuple[Kept, ...] = ()

    @property
    def awards(self) -> tuple[Award, ...]:
        """What is decided and would be granted now."""
        kept = {(row.award.policy, row.award.member_id) for row in self.kept}
        return tuple(
            award for award in self.decision.awards if (award.policy, award.member_id) not in kept
        )

    def cost_minor(self, award: Award, campaign: Campaign) -> int:
        return award_cost_minor(
            award.kind,
            award.amount,
            self.terms[award.policy],
            campaign.cost_of_1000_points_minor,
        )


@dataclass(frozen=True)
class Counted:
    """A campaign the order would count in, with those of its group that lose it."""

    campaign: Campaign
    outranked: tuple[str, ...]
    joins: bool
    referrer: Participant | None
    variant: str
    decided: tuple[Decided, ...]
    budget_left_minor: int | None

    @property
    def cost_minor(self) -> int:
        return sum(
            row.cost_minor(award, self.campaign) for row in self.decided for award in row.awards
        )


@dataclass(frozen=True)
class _Place:
    """Where the buyer would stand in a campaign."""

    version: Version
    referrer: Participant | None
    variant: str
    channel: str


class Counting:
    """One campaign the order would count in: where its buyer stands, and each fact it makes."""

    def __init__(
        self,
        campaign: Campaign,
        order: Order,
        facts: OrderFacts,
        seat: SeatForecast | None,
        said: Said,
        now: dt.datetime,
    ) -> None:
        self.campaign, self.order, self.facts, self.now = campaign, order, facts, now
        self.seat, self.said, self.member_id = seat, said, order.member_id
        rows = Participant.objects.select_related("version", "referrer__referrer")
        self.known = rows.filter(campaign=campaign, member_id=self.member_id).first()
        self.place = self._place()
        completes = seat is not None and seat.completes
        act = campaign.qualifying_act
        self.was_confirmed = self.known is not None and self.known.confirmed_at is not None
        self.confirmed = (
            self.was_confirmed
            or act == Campaign.QualifyingAct.JOIN
            or (act == Campaign.QualifyingAct.ROOM and completes)
        )

    def counted(self, outranked: tuple[str, ...]) -> Counted:
        facts = [self._order_paid(outranked)]
        if self.confirmed and not self.was_confirmed:
            facts.insert(0, self._joined())
        decided = [self._decided(row, self.place.version) for row in facts]
        decided += self._friend_counted()
        decided = self._within_limits(decided)
        budget = budget_of(self.campaign)
        limited = budget is not None and budget.amount_minor is not None
        return Counted(
            campaign=self.campaign,
            outranked=outranked,
            joins=self.known is None,
            referrer=self.place.referrer,
            variant=self.place.variant,
            decided=tuple(decided),
            budget_left_minor=(budget.amount_minor or 0) - budget.used_minor
            if budget is not None and limited
            else None,
        )

    def _place(self) -> _Place:
        known = self.known
        if known is not None and not may_move(known):
            channel = known.circumstances.get("channel", "")
            return _Place(known.version, known.referrer, known.variant, channel)
        winner = attribution_of(
            self.campaign,
            self.member_id,
            now=self.now,
            supposed=[
                *self.said.touches,
                *coupons_heard(self.campaign, self.member_id, self.now),
            ],
        ).winner
        if known is not None:
            channel = known.circumstances.get("channel", "")
            above = self._participant(winner.referrer) if winner else known.referrer
            variant = above.variant if winner and above else known.variant
            return _Place(known.version, above, variant, channel)
        version = self.campaign.published_version
        assert version is not None  # an order counts in published campaigns only
        if winner is None:
            return _Place(version, None, self._drawn(version), "")
        above = self._participant(winner.referrer)
        return _Place(version, above, above.variant, winner.channel)

    def _participant(self, pk: int) -> Participant:
        return Participant.objects.select_related("referrer", "version").get(pk=pk)

    def _drawn(self, version: Version) -> str:
        variants = variants_of(version)
        if not variants or partners_among([self.member_id]):
            return ""
        before = draw_of(self.campaign, self.member_id) or self.said.draws.get(self.campaign.pk, "")
        if before in {variant.key for variant in variants}:
            return before
        seed = Member.objects.values_list("public_id", flat=True).get(pk=self.member_id)
        return draw_variant(self.campaign.public_id, seed, variants)

    def _people(self) -> dict[Beneficiary, tuple[int, ...]]:
        people: dict[Beneficiary, tuple[int, ...]] = {Beneficiary.MEMBER: (self.member_id,)}
        referrer = self.place.referrer
        if referrer is not None:
            people[Beneficiary.REFERRER] = (referrer.member_id,)
            if referrer.referrer is not None:
                people[Beneficiary.SECOND_REFERRER] = (referrer.referrer.member_id,)
        return people

    def _facts(self, trigger: Trigger, then: Mapping[str, Any], **more: Any) -> Facts:
        place = self.place
        return Facts(
            trigger=trigger,
            circumstances=_circumstances(then),
            variant=place.variant,
            is_holdout=is_holdout(place.version, place.variant),
            **{"people": self._people(), **more},
        )

    def _joined(self) -> Facts:
        known = self.known
        then = known.circumstances if known else self._then()
        joined_at = known.joined_at if known else self.now
        return self._facts(
            Trigger.JOINED,
            then,
            in_window=was_shown(self.campaign, joined_at),
            in_time=self._in_time(self.now),
        )

    def _in_time(self, at: dt.datetime) -> bool:
        joined_at = self.known.joined_at if self.known else self.now
        return in_time(self.campaign, self.place.version, joined_at, at)

    def _order_paid(self, outranked: tuple[str, ...]) -> Facts:
        people = self._people()
        if self.seat is not None:
            inviter, host = self.seat.seat.inviter, self.seat.room.host_id
            if inviter is not None and inviter.member_id != self.member_id:
                people[Beneficiary.INVITER] = (inviter.member_id,)
            if host != self.member_id:
                people[Beneficiary.HOST] = (host,)
        return self._facts(
            Trigger.ORDER_PAID,
            circumstances(self.member_id, channel=self.place.channel, order=self.order),
            people=people,
            confirmed=self.confirmed,
            in_window=was_running(self.campaign, self.order.occurred_at),
            in_time=self._in_time(self.order.occurred_at),
            order=self.facts,
            room=self._room(),
            outranked=outranked,
        )

    def _then(self) -> dict[str, Any]:
        """Who a newcomer would be when they join: by then this order is kept."""
        return {**circumstances(self.member_id, channel=self.place.channel), "is_new": False}

    def _room(self) -> RoomFacts | None:
        if self.seat is None:
            return None
        room = self.seat.room
        kept = room.seats.filter(status=Seat.Status.PAID).count() + 1
        return RoomFacts(room.size, kept, completed=self.seat.completes)

    def _friend_counted(self) -> list[Decided]:
        """What the referrer gets for a friend who would be counted now, where milestones want it."""
        referrer = self.place.referrer
        if referrer is None or not self.confirmed:
            return []
        found = []
        for kind in _REFERRALS:
            if kind is Trigger.FRIEND_CONFIRMED and self.was_confirmed:
                continue
            terms = terms_of(referrer.version)
            if not any(policy.trigger is kind for policy in terms) or self._is_counted(kind):
                continue
            found.append(self._decided(self._friend(referrer, kind), referrer.version))
        return found

    def _is_counted(self, kind: Trigger) -> bool:
        return self.known is not None and Act.objects.filter(referee=self.known, kind=kind).exists()

    def _friend(self, referrer: Participant, kind: Trigger) -> Facts:
        counted = Act.objects.filter(participant=referrer, kind=kind).aggregate(last=Max("nth"))
        bought = kind is Trigger.FRIEND_BOUGHT
        at = self.order.occurred_at if bought else self.now
        facts = self._facts(
            kind,
            circumstances(referrer.member_id),
            people={Beneficiary.MEMBER: (referrer.member_id,)},
            confirmed=self.confirmed,  # the friend; whoever brought them may still be provisional
            in_window=was_running(self.campaign, at),
            in_time=self._in_time(at),
            act=ActFacts((counted["last"] or 0) + 1),
            order=self.facts if bought else None,
            room=self._room() if bought else None,
        )
        holdout = is_holdout(referrer.version, referrer.variant)
        return replace(facts, variant=referrer.variant, is_holdout=holdout)

    def _decided(self, facts: Facts, version: Version) -> Decided:
        terms = terms_of(version)
        of_order = facts.trigger in (Trigger.ORDER_PAID, Trigger.FRIEND_BOUGHT)
        at = self.order.occurred_at if of_order else self.now
        facts = replace(facts, lists=lists_of(facts.people, terms, at=at))
        by_id = {policy.policy: policy for policy in terms}
        return Decided(facts, decide(facts, terms), by_id, at)

    def _within_limits(self, decided: list[Decided]) -> list[Decided]:
        """With what caps and the budget, as they are now, would keep back."""
        supposed = [
            Supposed(row.decision.awards, row.terms, row.at, of_order=row.facts.order is not None)
            for row in decided
        ]
        kept = would_keep_back(self.campaign, supposed)
        return [replace(row, kept=tuple(back)) for row, back in zip(decided, kept, strict=True)]


def _circumstances(then: Mapping[str, Any]) -> Circumstances:
    return Circumstances(**{**then, "audiences": tuple(then.get("audiences", ()))})
