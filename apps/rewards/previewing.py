"""What would happen for a fact that nobody has reported: read, decide, and write nothing."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Max

from apps.campaigns.models import Campaign
from apps.campaigns.rules import (
    POSSIBLE,
    REFERRAL_TRIGGERS,
    ActFacts,
    Award,
    Beneficiary,
    Circumstances,
    Facts,
    OrderFacts,
    PolicyTerms,
    Reason,
    Refusal,
    RoomFacts,
    Trigger,
    VariantTerms,
    award_cost_minor,
    decide,
    draw_variant,
)
from apps.campaigns.selectors import budget_of, lists_of, partners_among, terms_of, variants_of
from apps.campaigns.services import draft_terms, draft_variants
from apps.core.errors import Conflict, Invalid, NotFound
from apps.invites.models import Act, Participant
from apps.invites.selectors import circumstances
from apps.members.models import Member
from apps.orders.models import Order
from apps.rewards.rules import Cap, Execution, Limits, Moment, caps_of, execute
from apps.rewards.supposing import costs_of, counted_now, supposed_moment

# Stand-ins for people whom only the question knows. No row has such a key.
SOMEBODY = 0
_STAND_INS = {
    Beneficiary.REFERRER: -1,
    Beneficiary.SECOND_REFERRER: -2,
    Beneficiary.INVITER: -3,
    Beneficiary.HOST: -4,
}
_FIRST_GUEST = -5


class CampaignUnpublished(Conflict):
    code = "campaign_unpublished"
    message = "This campaign has no published policies yet. Ask about its draft."


class PolicyUnknown(NotFound):
    code = "policy_unknown"


@dataclass(frozen=True)
class Promise:
    """Policies to decide by, and the variants they come with. `version` is None for a draft's."""

    terms: tuple[PolicyTerms, ...]
    variants: tuple[VariantTerms, ...]
    version: int | None = None


def published_promise(campaign: Campaign) -> Promise:
    """What the campaign promises new participants now. Raises CampaignUnpublished."""
    version = campaign.published_version
    if version is None:
        raise CampaignUnpublished()
    return Promise(terms_of(version), variants_of(version), version.number)


def draft_promise(campaign: Campaign, policies: Sequence[str] | None = None) -> Promise:
    """What publishing now would promise, or only the drafted policies with these ids.

    Raises PolicyUnknown, TemplateUnknown.
    """
    terms = draft_terms(campaign)
    if policies is None:
        return Promise(terms, draft_variants(campaign))
    known = {policy.policy: policy for policy in terms}
    for index, policy in enumerate(policies):
        if policy not in known:
            raise PolicyUnknown(f"There is no policy {policy}.", pointer=f"/policies/{index}")
    return Promise(tuple(known[policy] for policy in policies), draft_variants(campaign))


@dataclass(frozen=True)
class Hypothesis:
    """A fact to suppose. What is None is as it really is for `member`; without one, as usual.

    `people` are the others who stand there; None: a known member's own chain, otherwise everybody
    who can. Of an order, `order` without `nth` (0) is the member's next one.
    """

    trigger: Trigger
    member: Member | None = None
    people: frozenset[Beneficiary] | None = None
    confirmed: bool = True
    tier: str | None = None
    audiences: tuple[str, ...] | None = None
    channel: str | None = None
    is_new: bool | None = None
    variant: str | None = None
    order: OrderFacts | None = None
    room: RoomFacts | None = None
    act_nth: int | None = None


@dataclass(frozen=True)
class CapNow:
    """How far a cap is counted. `scope` is member, day, order or campaign."""

    scope: str
    limit: int
    used: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True)
class Previewed:
    """An award, what it costs, and what caps and the budget say right now (None: nothing)."""

    award: Award
    policy: PolicyTerms
    cost_minor: int
    caps: tuple[CapNow, ...]
    kept_back: Reason | None


@dataclass(frozen=True)
class Preview:
    """What would happen. Money in minor units; `left_minor` None: no limit."""

    campaign: Campaign
    promise: Promise
    facts: Facts
    awards: tuple[Previewed, ...]
    refusals: tuple[Refusal, ...]
    cost_minor: int
    budget_minor: int | None
    left_minor: int | None

    @property
    def names(self) -> dict[str, str]:
        return {policy.policy: policy.name for policy in self.promise.terms}


def preview(
    campaign: Campaign, promise: Promise, hypothesis: Hypothesis, *, now: dt.datetime
) -> Preview:
    """Decide a fact as if it happened `now`, and look at the caps and the budget as they are."""
    facts = facts_of(campaign, promise, hypothesis)
    facts = replace(facts, lists=lists_of(facts.people, promise.terms, at=now))
    decided = decide(facts, promise.terms)
    budget = budget_of(campaign)
    amount = budget.amount_minor if budget else None
    left = amount - budget.used_minor if budget and amount is not None else None
    moment = supposed_moment(campaign, now, of_order=facts.order is not None)
    by_policy = {policy.policy: policy for policy in promise.terms}
    counts = counted_now(decided.awards, by_policy, moment)
    limits = Limits(Counter(counts), left)
    done = execute(decided.awards, by_policy, moment, costs_of(campaign), limits)
    return Preview(
        campaign=campaign,
        promise=promise,
        facts=facts,
        awards=tuple(
            _previewed(award, by_policy[award.policy], campaign, moment, counts, done)
            for award in decided.awards
        ),
        refusals=decided.refusals,
        cost_minor=sum(given.cost_minor for given in done.given),
        budget_minor=amount,
        left_minor=left,
    )


def facts_of(campaign: Campaign, promise: Promise, hypothesis: Hypothesis) -> Facts:
    """The facts of a hypothesis, with what is known of its member. Raises Invalid, see `_require`."""
    _require(hypothesis)
    participant = _participant(campaign, hypothesis.member)
    order = hypothesis.order
    if order is not None and order.nth == 0:
        order = replace(order, nth=_next_nth(hypothesis.member))
    variant = _variant(campaign, promise, hypothesis, participant)
    return Facts(
        trigger=hypothesis.trigger,
        people=_people(hypothesis, participant),
        confirmed=hypothesis.confirmed,
        order=order,
        room=hypothesis.room,
        act=_act(hypothesis, participant),
        circumstances=_circumstances(hypothesis, participant, order),
        variant=variant,
        is_holdout=any(row.key == variant and row.is_holdout for row in promise.variants),
    )


def _require(hypothesis: Hypothesis) -> None:
    """Raises Invalid for a fact that is not there to be decided: an order without an amount."""
    room_triggers = (Trigger.ROOM_COMPLETED, Trigger.ROOM_OPENED)
    if hypothesis.trigger is Trigger.ORDER_PAID and hypothesis.order is None:
        raise Invalid("A paid order has an amount.", pointer="/order")
    if hypothesis.trigger in room_triggers and hypothesis.room is None:
        raise Invalid("A room has a size.", pointer="/room")


def _participant(campaign: Campaign, member: Member | None) -> Participant | None:
    if member is None:
        return None
    rows = Participant.objects.select_related("referrer__referrer")
    return rows.filter(campaign=campaign, member=member).first()


def _next_nth(member: Member | None) -> int:
    return 1 + (Order.objects.filter(member=member).count() if member else 0)


def _act(hypothesis: Hypothesis, participant: Participant | None) -> ActFacts | None:
    """Of a friend, their number: the next one of the member, unless the hypothesis says another."""
    if hypothesis.trigger not in REFERRAL_TRIGGERS:
        return None
    if hypothesis.act_nth is not None:
        return ActFacts(hypothesis.act_nth)
    counted = Act.objects.filter(participant=participant, kind=hypothesis.trigger)
    last = counted.aggregate(last=Max("nth"))["last"] if participant else None
    return ActFacts((last or 0) + 1)


def _variant(
    campaign: Campaign,
    promise: Promise,
    hypothesis: Hypothesis,
    participant: Participant | None,
) -> str:
    if hypothesis.variant is not None:
        return hypothesis.variant
    if participant is not None:
        return participant.variant
    if hypothesis.member is None or partners_among([hypothesis.member.pk]):
        return ""
    return draw_variant(campaign.public_id, hypothesis.member.public_id, promise.variants)


def _circumstances(
    hypothesis: Hypothesis, participant: Participant | None, order: OrderFacts | None
) -> Circumstances:
    """Who the member is now, with what the hypothesis says otherwise."""
    first = order is None or order.nth == 1
    known: dict[str, Any] = {"is_new": first}
    if hypothesis.member is not None:
        channel = participant.circumstances.get("channel", "") if participant else ""
        known = circumstances(hypothesis.member.pk, channel=channel)
        known["is_new"] = known["is_new"] and first
    said = {
        name: value
        for name in ("tier", "audiences", "channel", "is_new")
        if (value := getattr(hypothesis, name)) is not None
    }
    both = {**known, **said}
    return Circumstances(**{**both, "audiences": tuple(both.get("audiences", ()))})


def _people(
    hypothesis: Hypothesis, participant: Participant | None
) -> dict[Beneficiary, tuple[int, ...]]:
    """Who stands where: the member, their own chain where it is known, and stand-ins."""
    member = hypothesis.member.pk if hypothesis.member else SOMEBODY
    possible = POSSIBLE[hypothesis.trigger]
    real: dict[Beneficiary, int] = {}
    if participant is not None and participant.referrer is not None:
        real[Beneficiary.REFERRER] = participant.referrer.member_id
        if participant.referrer.referrer is not None:
            real[Beneficiary.SECOND_REFERRER] = participant.referrer.referrer.member_id
    others = hypothesis.people
    if others is None:
        others = frozenset(real) if hypothesis.member is not None else frozenset(_STAND_INS)
    people: dict[Beneficiary, tuple[int, ...]] = {}
    if Beneficiary.MEMBER in possible:
        people[Beneficiary.MEMBER] = (member,)
    for who, stand_in in _STAND_INS.items():
        if who in possible and who in others:
            people[who] = (real.get(who, stand_in),)
    if hypothesis.trigger in (Trigger.ROOM_COMPLETED, Trigger.ROOM_OPENED):
        people[Beneficiary.HOST] = (member,)
    if Beneficiary.SEATED in possible and hypothesis.room is not None:
        guests = range(_FIRST_GUEST, _FIRST_GUEST - hypothesis.room.kept_seats + 1, -1)
        people[Beneficiary.SEATED] = (member, *guests)
    return people


def _previewed(
    award: Award,
    policy: PolicyTerms,
    campaign: Campaign,
    moment: Moment,
    counts: Mapping[tuple[str, str], int],
    done: Execution,
) -> Previewed:
    kept = {(row.award.policy, row.award.member_id): row.reason for row in done.kept}

    def counted(cap: Cap) -> CapNow:
        used = counts.get((policy.policy, cap.scope), 0)
        return CapNow(cap.scope.split(":", 1)[0], cap.limit, used)

    return Previewed(
        award=award,
        policy=policy,
        cost_minor=award_cost_minor(
            award.kind, award.amount, policy, campaign.cost_of_1000_points_minor
        ),
        caps=tuple(map(counted, caps_of(policy, award.member_id, moment))),
        kept_back=kept.get((award.policy, award.member_id)),
    )
