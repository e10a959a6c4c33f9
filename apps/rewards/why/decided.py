"""What was decided and granted, in words."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from apps.campaigns.models import Campaign
from apps.campaigns.rules import WORDS, Beneficiary, Reason, Trigger
from apps.campaigns.selectors import budget_of
from apps.core.models import Event
from apps.core.templatetags.money import money
from apps.orders import events as orders_events
from apps.rewards.models import ClawBack, Decision, Goodwill, Grant
from apps.rewards.services.overriding import OVERRIDDEN_BY
from apps.rewards.services.voiding import VOIDED_BY
from apps.rewards.subjects import GOODWILL
from apps.rewards.why.asked import Asked, given
from apps.rewards.why.words import Answer, Code, about, moment_words, say

MOST_ANSWERS = 100

_CAPS = (
    ("cap_per_member", "per member"),
    ("cap_per_day", "per member and day"),
    ("cap_per_order", "per order"),
    ("cap_per_campaign", "in the whole campaign"),
)
_ACTS = {
    Trigger.FRIEND_BOUGHT: "a friend's purchase",
    Trigger.FRIEND_CONFIRMED: "a friend you brought",
    Trigger.TIER_REACHED: "your new member level",
    Trigger.CHECKED_IN: "your check-in",
    Trigger.BIRTHDAY: "your birthday",
}


def answers_decided(asked: Asked) -> list[Answer]:
    """Grants and what became of them, and the refusals of the latest decision about each subject."""
    decisions = _decisions(asked)
    grants = _grants(asked)
    asked.learn_names(
        {row["member_id"] for decision in decisions for row in decision.refusals}
        | {grant.member_id for grant in grants}
    )
    by_subject = {(row.campaign_id, row.subject): row for row in decisions}
    policies = _policy_names(decisions)
    made = {(row.campaign_id, row.subject, row.policy, row.member_id) for row in grants}
    found = _of_grants(asked, grants, policies, by_subject)
    for decision in decisions:
        for refusal in decision.refusals:
            key = (decision.campaign_id, decision.subject, refusal["policy"], refusal["member_id"])
            if key not in made and _concerns(asked, refusal):
                found.append(_refused(asked, decision, refusal))
    told = {answer.ids["campaign"] for answer in found}
    found += [
        _without_policy(asked, decision)
        for decision in decisions
        if not decision.awards
        and not decision.refusals
        and decision.campaign.public_id not in told  # else it answers what nobody asked
    ]
    return found + _not_involved(asked, decisions) + _goodwill(asked)


def _decisions(asked: Asked) -> list[Decision]:
    """The latest decision about each subject, newest first."""
    rows = Decision.objects.filter(campaign__is_test=asked.is_test)
    if asked.campaign is not None:
        rows = rows.filter(campaign=asked.campaign)
    if asked.order is not None:
        rows = rows.filter(subject__in=asked.subjects)
    elif asked.member is not None:
        rows = rows.filter(members__contains=[asked.member.pk])
    newest = rows.select_related("campaign", "version").order_by("-pk")[: 3 * MOST_ANSWERS]
    latest: dict[tuple[int, str], Decision] = {}
    for row in newest:
        latest.setdefault((row.campaign_id, row.subject), row)
    return list(latest.values())[:MOST_ANSWERS]


def _grants(asked: Asked) -> list[Grant]:
    rows = Grant.objects.filter(campaign__is_test=asked.is_test)
    if asked.campaign is not None:
        rows = rows.filter(campaign=asked.campaign)
    if asked.order is not None:
        rows = rows.filter(subject__in=asked.subjects)
    if asked.member is not None:
        rows = rows.filter(member=asked.member)
    return list(rows.select_related("campaign", "goodwill").order_by("-pk")[:MOST_ANSWERS])


def _concerns(asked: Asked, refusal: dict[str, Any]) -> bool:
    return asked.member is None or refusal["member_id"] == asked.member.pk


def _policy_names(decisions: Iterable[Decision]) -> dict[str, str]:
    return {
        policy["policy"]: policy["name"] for row in decisions for policy in row.version.policies
    }


def topic_of(subject: str, campaign: Campaign, *, own: bool, trigger: str = "") -> str:
    """What an answer is about, said to the shopper; a friend's order is named by nobody's id."""
    kind, name = subject.split(":", 1)
    words = {
        "participant": "your joining" if own else "a friend who joined",
        "order": f"your order {name.split(':', 1)[-1]}" if own else "a friend's order",
        "room": "your group",
        "opened": "the group you opened",
        GOODWILL: "a present from us",
        "act": _ACTS.get(Trigger(trigger), "what you did") if trigger else "what you did",
    }[kind]
    return f"{words} in “{campaign.name}”"


def _is_own(decision: Decision, member_id: int | None) -> bool:
    """Whether the member is who did what was decided about."""
    if member_id is None:
        return True
    actors = decision.facts["people"].get(Beneficiary.MEMBER, [])
    return not actors or member_id in actors


def _refused(asked: Asked, decision: Decision, refusal: dict[str, Any]) -> Answer:
    words = WORDS[Reason(refusal["reason"])]
    campaign, member_id = decision.campaign, refusal["member_id"]
    policy: dict[str, Any] = next(
        (row for row in decision.version.policies if row["policy"] == refusal["policy"]), {}
    )
    own = _is_own(decision, member_id)
    topic = topic_of(decision.subject, campaign, own=own, trigger=decision.facts["trigger"])
    whose = str(refusal["beneficiary"]).replace("_", " ")
    return Answer(
        refusal["reason"],
        about(topic, words.shopper),
        f"{policy.get('name', refusal['policy'])}: nothing for {asked.name(member_id)} "
        f"(the {whose}). {words.operator}{_figures(refusal['reason'], policy, campaign)}",
        words.developer,
        decision.decided_at,
        {
            **_ids(decision),
            "policy": refusal["policy"],
            "beneficiary": refusal["beneficiary"],
        },
        {"decided_at": decision.decided_at},
    )


def _figures(reason: str, policy: dict[str, Any], campaign: Campaign) -> str:
    """The figures behind a cap or the budget, as they are now."""
    if reason == Reason.CAP_REACHED:
        caps = [f"{policy[cap]:,} {words}" for cap, words in _CAPS if policy.get(cap)]
        return f" The most is {' and '.join(caps)}." if caps else ""
    if reason == Reason.BUDGET_SPENT:
        budget = budget_of(campaign)
        if budget is None or budget.amount_minor is None:
            return ""
        used = money(budget.used_minor, campaign.currency)
        return f" By now {used} of {money(budget.amount_minor, campaign.currency)} are used."
    return ""


def _ids(decision: Decision) -> dict[str, str]:
    return {
        "campaign": decision.campaign.public_id,
        "subject": decision.subject,
        "decision": decision.public_id,
    }


def _without_policy(asked: Asked, decision: Decision) -> Answer:
    own = _is_own(decision, asked.member.pk if asked.member else None)
    trigger = decision.facts["trigger"]
    return say(
        Code.NO_POLICY,
        decision.decided_at,
        _ids(decision),
        {"decided_at": decision.decided_at},
        topic=topic_of(decision.subject, decision.campaign, own=own, trigger=trigger),
        campaign=decision.campaign.name,
        campaign_id=decision.campaign.public_id,
        version=decision.version.number,
        trigger=trigger,
    )


def _not_involved(asked: Asked, decisions: Iterable[Decision]) -> list[Answer]:
    """Somebody asks about an order of others that they have no part in."""
    if asked.order is None or asked.member is None or asked.order.member_id == asked.member.pk:
        return []
    named = {member for row in decisions for member in row.members}
    if asked.member.pk in named:
        return []
    found = []
    for row in asked.counted:
        referrer = row.participant.referrer
        answer = say(
            Code.NOT_INVOLVED,
            row.order.created_at,
            {
                "campaign": row.campaign.public_id,
                "order": row.order.order_id,
                "participant": row.participant.public_id,
            },
            {"ordered_at": row.order.occurred_at},
            topic=f"a friend's order in “{row.campaign.name}”",
            member=asked.name(asked.member.pk),
            order=row.order.order_id,
            referrer=asked.name(referrer.member_id if referrer else None),
            participant=row.participant.public_id,
        )
        found.append(answer)
    return found


def _of_grants(
    asked: Asked,
    grants: list[Grant],
    policies: dict[str, str],
    by_subject: dict[tuple[int, str], Decision],
) -> list[Answer]:
    taken = list(ClawBack.objects.filter(grant__in=grants).order_by("-pk"))
    last = {row.grant_id: row for row in reversed(taken)}
    causes = Event.objects.filter(key__in={row.cause for row in taken})
    events = {event.key: event for event in causes}
    found = []
    for grant in grants:
        decision = by_subject.get((grant.campaign_id, grant.subject))
        own = decision is None or _is_own(decision, grant.member_id)
        trigger = decision.facts["trigger"] if decision else ""
        words = {
            "topic": topic_of(grant.subject, grant.campaign, own=own, trigger=trigger),
            "member": asked.name(grant.member_id),
            "what": given(grant.kind, grant.amount, grant.what, grant.campaign.currency),
            "policy": policies.get(grant.policy, grant.policy),
            "campaign": grant.campaign.name,
            "status": grant.status,
        }
        if (claw_back := last.get(grant.pk)) is not None:
            event = events.get(claw_back.cause)
            found.append(_taken_back(grant, claw_back, event, words))
        if grant.left:
            found.append(_kept(grant, words))
    return found


def _grant_ids(grant: Grant) -> dict[str, str]:
    ids = {
        "campaign": grant.campaign.public_id,
        "grant": grant.public_id,
        "subject": grant.subject,
        "policy": grant.policy,
    }
    return {**ids, **({"goodwill": grant.goodwill.public_id} if grant.goodwill else {})}


def _kept(grant: Grant, words: dict[str, str]) -> Answer:
    """A grant as far as it still stands."""
    zone = grant.campaign.time_zone
    moments: dict[str, dt.datetime] = {"granted_at": grant.granted_at}
    for name in ("settle_at", "settled_at"):
        if (moment := getattr(grant, name)) is not None:
            moments[name] = moment
    left = given(grant.kind, grant.left, grant.what, grant.campaign.currency)
    more = {**words, "what": left}
    if grant.status == Grant.Status.REVIEW:
        code = Code.IN_REVIEW
    elif grant.status == Grant.Status.SETTLED:
        code = Code.SETTLED
        more["settled"] = moment_words(grant.settled_at or grant.granted_at, zone)
    elif grant.settle_at is None:
        code = Code.PENDING_FULFILMENT
    elif grant.campaign.stopped_at is not None:
        code = Code.PENDING_STOPPED
    else:
        code, more["settles"] = Code.PENDING, moment_words(grant.settle_at, zone)
    at = grant.settled_at if grant.status == Grant.Status.SETTLED else None
    return say(code, at or grant.granted_at, _grant_ids(grant), moments, **more)


def _taken_back(
    grant: Grant, claw_back: ClawBack, event: Event | None, words: dict[str, str]
) -> Answer:
    taken = moment_words(claw_back.taken_at, grant.campaign.time_zone)
    more: dict[str, str] = {**words, "taken": taken, "event": claw_back.cause}
    ids = {**_grant_ids(grant), "event": claw_back.cause}
    if claw_back.cause.startswith(VOIDED_BY):
        code = Code.VOIDED
        del ids["event"]
        more |= {"cause": claw_back.cause, "reason": claw_back.cause.partition(": ")[2]}
    elif claw_back.cause.startswith(OVERRIDDEN_BY):
        code = Code.OVERRIDDEN
        del ids["event"]
        ids["override"] = more["override"] = claw_back.cause.removeprefix(OVERRIDDEN_BY)
    elif event is not None and event.kind == orders_events.REFUNDED:
        code = Code.REFUNDED_PARTLY if grant.left else Code.REFUNDED
        ids |= {"order": event.payload["order_id"], "refund": event.payload["refund_id"]}
        more |= {"order": ids["order"], "refund": ids["refund"]}
        of_itself = grant.subject.endswith(f":{ids['order']}")
        more["behind"] = "it" if of_itself else "an order behind it"
        more["left"] = given(grant.kind, grant.left, grant.what, grant.campaign.currency)
    else:
        code = Code.TAKEN_BACK
    moments = {"granted_at": grant.granted_at, "taken_at": claw_back.taken_at}
    return say(code, claw_back.taken_at, ids, moments, **more)


def _goodwill(asked: Asked) -> list[Answer]:
    """Proposals for the member that made no grant: waiting, rejected, refused or under way."""
    if asked.member is None or asked.order is not None:
        return []
    mine = Q(members__contains=[asked.member.pk])
    rows = Goodwill.objects.filter(mine, campaign__is_test=asked.is_test)
    if asked.campaign is not None:
        rows = rows.filter(campaign=asked.campaign)
    rows = rows.exclude(grants__member=asked.member)
    return [
        _of_goodwill(asked, asked.member.pk, row)
        for row in rows.select_related("campaign").order_by("-pk")[:MOST_ANSWERS]
    ]


def _of_goodwill(asked: Asked, member_id: int, row: Goodwill) -> Answer:
    ids = {"campaign": row.campaign.public_id, "goodwill": row.public_id}
    moments = {"proposed_at": row.proposed_at}
    at = row.decided_at or row.proposed_at
    if row.decided_at is not None:
        moments["decided_at"] = row.decided_at
    if (reason := row.refusals.get(str(member_id))) is not None:
        words = WORDS[Reason(reason)]
        told = f"Goodwill for {asked.name(member_id)}: nothing. {words.operator}"
        told += _figures(reason, {}, row.campaign)
        return Answer(
            reason,
            about("a present from us", words.shopper),
            told,
            words.developer,
            at,
            ids,
            moments,
        )
    code = {
        Goodwill.Status.PROPOSED.value: Code.GOODWILL_PROPOSED,
        Goodwill.Status.REJECTED.value: Code.GOODWILL_REJECTED,
    }.get(row.status, Code.GOODWILL_UNDER_WAY)
    return say(
        code,
        at,
        ids,
        moments,
        goodwill=row.public_id,
        member=asked.name(member_id),
        what=given(row.kind, row.amount, row.gift, row.campaign.currency),
        decided=moment_words(at, row.campaign.time_zone),
    )
