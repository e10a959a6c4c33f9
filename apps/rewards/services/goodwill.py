"""Goodwill: grants by hand to many members, once somebody else approved."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.campaigns.models import Campaign
from apps.campaigns.rules import AwardKind, Reason, points_cost_minor
from apps.campaigns.services import budget_reserve
from apps.core.clock import engine_now
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.services import event_record
from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.coupons.errors import TemplateUnknown
from apps.coupons.selectors import template_cost
from apps.members.models import Member
from apps.rewards import events
from apps.rewards.models import Goodwill, Grant
from apps.rewards.services.granting import grant_promise
from apps.rewards.services.instruments import INSTRUMENTS, Exhausted
from apps.rewards.subjects import GOODWILL, goodwill_subject

MOST_MEMBERS = 1_000
MOST_EACH = {AwardKind.COUPON: 1, AwardKind.CUSTOM: 100}
MOST_OF_OTHERS = 10**9
MOST_COST_MINOR = 10**15
REASON_LENGTH = 300

Status = Goodwill.Status


class GoodwillInvalid(Invalid):
    code = "goodwill_invalid"


class GoodwillUnknown(NotFound):
    code = "goodwill_unknown"
    message = "There is no such goodwill proposal."


class GoodwillDecided(Conflict):
    code = "goodwill_decided"
    message = "This proposal was decided already."


class GoodwillNeedsSomebodyElse(Conflict):
    code = "second_operator_needed"
    message = "Whoever proposed this cannot decide it: somebody else has to look at it."


@dataclass(frozen=True)
class Hand:
    """Whose decision it is: an operator's, or a server key's (its public id)."""

    operator_id: int | None = None
    key: str = ""


@dataclass(frozen=True)
class Present:
    """What each member gets: `amount` in the units of `kind`, and of which coupon or gift.

    A gift costs the budget `gift_cost_minor` apiece; the other kinds cost what they always do.
    """

    kind: AwardKind
    amount: int
    coupon_template: str = ""
    gift: str = ""
    gift_cost_minor: int = 0


@in_transaction
def goodwill_propose(
    *,
    campaign: Campaign,
    present: Present,
    member_ids: Sequence[int],
    reason: str,
    by: Hand,
    now: dt.datetime,
) -> Goodwill:
    """Propose the same present for up to 1,000 members; nobody gets anything before the approval.

    A member named twice gets it once. What each costs the budget is fixed here, so that it is what
    was approved. Raises GoodwillInvalid, naming the field, and TemplateUnknown. Locks nothing.
    """
    members = list(dict.fromkeys(member_ids))
    if not 0 < len(reason.strip()) <= REASON_LENGTH:
        raise GoodwillInvalid("Say why, in at most 300 characters.", pointer="/reason")
    _demand_members(members, campaign)
    cost = _cost_of_each(present, campaign)
    if cost * len(members) > MOST_COST_MINOR:
        raise GoodwillInvalid("Together this costs more than 10¹⁵.", pointer="/amount")
    goodwill = Goodwill.objects.create(
        campaign=campaign,
        kind=present.kind,
        amount=present.amount,
        coupon_template=present.coupon_template,
        gift=present.gift,
        unit_cost_minor=cost,
        members=members,
        reason=reason.strip(),
        proposed_by_id=by.operator_id,
        proposed_with=by.key,
    )
    _report(events.GOODWILL_PROPOSED, goodwill, now)
    return goodwill


def _demand_members(members: Sequence[int], campaign: Campaign) -> None:
    if not 0 < len(members) <= MOST_MEMBERS:
        raise GoodwillInvalid(f"Name 1 to {MOST_MEMBERS:,} members.", pointer="/members")
    known = Member.objects.filter(pk__in=members, is_test=campaign.is_test).count()
    if known != len(members):
        raise GoodwillInvalid(
            "Live members get from live campaigns, test members from test campaigns.",
            pointer="/members",
        )


def _cost_of_each(present: Present, campaign: Campaign) -> int:
    """What one member's grant takes from the budget, in minor units. Raises GoodwillInvalid."""
    if present.kind not in INSTRUMENTS:
        raise GoodwillInvalid(f"{present.kind} cannot be given.", pointer="/kind")
    most = MOST_EACH.get(present.kind, MOST_OF_OTHERS)
    if not 0 < present.amount <= most:
        raise GoodwillInvalid(f"Give each 1 to {most:,}.", pointer="/amount")
    if bool(present.coupon_template) != (present.kind is AwardKind.COUPON):
        raise GoodwillInvalid("Name a template for coupons only.", pointer="/coupon_template")
    if bool(present.gift.strip()) != (present.kind is AwardKind.CUSTOM):
        raise GoodwillInvalid("Name a gift for custom awards only.", pointer="/gift")
    if not 0 <= present.gift_cost_minor <= MOST_OF_OTHERS:
        raise GoodwillInvalid("This is no cost of a gift.", pointer="/gift_cost_minor")
    if present.kind is AwardKind.COUPON:
        return present.amount * _coupon_cost(present.coupon_template, campaign)
    if present.kind is AwardKind.CUSTOM:
        return present.amount * present.gift_cost_minor
    if present.kind is AwardKind.POINTS:
        return points_cost_minor(present.amount, campaign.cost_of_1000_points_minor)
    return present.amount if present.kind is AwardKind.PAYABLE else 0


def _coupon_cost(template: str, campaign: Campaign) -> int:
    found = template_cost(template)
    if found.is_test != campaign.is_test:
        raise TemplateUnknown(pointer="/coupon_template")
    if found.currency != campaign.currency:
        words = f"The coupon is in {found.currency}, the campaign in {campaign.currency}."
        raise GoodwillInvalid(words, pointer="/coupon_template")
    return found.cost_minor


@in_transaction
def goodwill_approve(*, public_id: str, is_test: bool, by: Hand, now: dt.datetime) -> Goodwill:
    """Let a sweeper make the grants of a proposal. Final.

    Raises GoodwillUnknown, GoodwillDecided, GoodwillNeedsSomebodyElse. Locks the proposal.
    """
    return _decide(public_id, is_test, by, Status.APPROVED, events.GOODWILL_APPROVED, now)


@in_transaction
def goodwill_reject(*, public_id: str, is_test: bool, by: Hand, now: dt.datetime) -> Goodwill:
    """Turn a proposal down. Final. Raises and locks what `goodwill_approve` does."""
    return _decide(public_id, is_test, by, Status.REJECTED, events.GOODWILL_REJECTED, now)


def _decide(
    public_id: str, is_test: bool, by: Hand, status: Goodwill.Status, kind: str, now: dt.datetime
) -> Goodwill:
    goodwill = (
        Goodwill.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign")
        .filter(public_id=public_id, campaign__is_test=is_test)
        .first()
    )
    if goodwill is None:
        raise GoodwillUnknown()
    if goodwill.status != Status.PROPOSED:
        raise GoodwillDecided(f"This proposal is {goodwill.status} already.")
    if proposed_by(goodwill, by):
        raise GoodwillNeedsSomebodyElse()
    goodwill.status = status
    goodwill.decided_by_id, goodwill.decided_with = by.operator_id, by.key
    goodwill.decided_at = engine_now()
    goodwill.save(update_fields=["status", "decided_by", "decided_with", "decided_at"])
    _report(kind, goodwill, now)
    return goodwill


def proposed_by(goodwill: Goodwill, hand: Hand) -> bool:
    """Whether it is this one who proposed it, and therefore may not decide it."""
    if hand.operator_id is not None:
        return goodwill.proposed_by_id == hand.operator_id
    return goodwill.proposed_with == hand.key


def _report(kind: str, goodwill: Goodwill, now: dt.datetime, **more: Any) -> None:
    event_record(
        key=f"{kind}:{goodwill.public_id}",
        kind=kind,
        payload={
            "goodwill": goodwill.public_id,
            "campaign": goodwill.campaign.public_id,
            "kind": goodwill.kind,
            "amount": goodwill.amount,
            "members": len(goodwill.members),
            **more,
        },
        occurred_at=now,
        is_test=goodwill.campaign.is_test,
    )


def goodwill_make() -> int:
    """Make the grants of approved proposals, each in a transaction of its own; how many.

    Killed in between, the rest is made the next time. Under the emergency stop all of it waits.
    """
    made, left = 0, BATCH
    waiting = Goodwill.objects.filter(
        status=Status.APPROVED, done_at=None, campaign__stopped_at=None
    )
    for goodwill in waiting.order_by("pk"):
        todo = _todo(goodwill)[:left]
        left -= len(todo)

        def make_one(member_id: int, goodwill_id: int = goodwill.pk) -> int:
            return _make_one(goodwill_id, member_id)

        made += each_due(todo, make_one) + each_due([goodwill.pk], _finish)
    return made


def _todo(goodwill: Goodwill) -> list[int]:
    """The members who neither got it nor were refused."""
    done: Collection[int] = {
        *goodwill.grants.values_list("member_id", flat=True),
        *(int(member) for member in goodwill.refusals),
    }
    return [member for member in goodwill.members if member not in done]


def _locked(goodwill_id: int) -> Goodwill | None:
    return (
        Goodwill.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("campaign")
        .filter(pk=goodwill_id, status=Status.APPROVED, done_at=None, campaign__stopped_at=None)
        .first()
    )


class _Refused(Exception):
    """Undoes one member's attempt."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason


@in_transaction
def _make_one(goodwill_id: int, member_id: int) -> int:
    """One member's grant, or why they get none; the budget comes last."""
    goodwill = _locked(goodwill_id)
    if goodwill is None or str(member_id) in goodwill.refusals:
        return 0
    if goodwill.grants.filter(member_id=member_id).exists():
        return 0
    try:
        with transaction.atomic():
            _grant(goodwill, member_id)
    except _Refused as refused:
        goodwill.refusals[str(member_id)] = refused.reason
        goodwill.save(update_fields=["refusals"])
    return 1


def _grant(goodwill: Goodwill, member_id: int) -> None:
    at = engine_now()
    grant = Grant(
        campaign=goodwill.campaign,
        policy=GOODWILL,
        subject=goodwill_subject(goodwill.public_id),
        beneficiary="member",
        member_id=member_id,
        kind=goodwill.kind,
        amount=goodwill.amount,
        what=goodwill.coupon_template or goodwill.gift,
        full_cost_minor=goodwill.unit_cost_minor,
        cost_minor=goodwill.unit_cost_minor,
        goodwill=goodwill,
        settle_at=at,
    )
    try:
        grant_promise(grant=grant, at=at)
    except Exhausted:
        raise _Refused(Reason.COUPONS_GONE) from None
    if not budget_reserve(campaign_id=goodwill.campaign_id, cost_minor=grant.cost_minor):
        raise _Refused(Reason.BUDGET_SPENT)


@in_transaction
def _finish(goodwill_id: int) -> int:
    goodwill = _locked(goodwill_id)
    if goodwill is None or _todo(goodwill):
        return 0
    goodwill.done_at = engine_now()
    goodwill.save(update_fields=["done_at"])
    _report(events.GOODWILL_DONE, goodwill, goodwill.done_at, refused=len(goodwill.refusals))
    return 1
