"""How a door says what reporting an order would do."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from apps.campaigns.granting import Kept
from apps.campaigns.rules import WORDS, AwardKind, Beneficiary, HoldFrom, Refusal, Trigger
from apps.checkout.dry_run import Counted, Decided, DryRun
from apps.members.models import Member


class DryRunInput(serializers.Serializer[Any]):
    """Read before anything else: a dry run keeps no idempotent reply either."""

    dry_run = serializers.BooleanField(default=False)


class DryRunWordsOutput(serializers.Serializer[Any]):
    shopper = serializers.CharField()
    operator = serializers.CharField()
    developer = serializers.CharField()


class DryRunAwardOutput(serializers.Serializer[Any]):
    policy = serializers.CharField()
    name = serializers.CharField()
    trigger = serializers.ChoiceField([trigger.value for trigger in Trigger])
    beneficiary = serializers.ChoiceField([who.value for who in Beneficiary])
    member = serializers.CharField()
    kind = serializers.ChoiceField([kind.value for kind in AwardKind])
    amount = serializers.IntegerField()
    cost_minor = serializers.IntegerField()
    settles_after_seconds = serializers.IntegerField()
    settles_from = serializers.ChoiceField([start.value for start in HoldFrom])


class DryRunRefusalOutput(serializers.Serializer[Any]):
    policy = serializers.CharField()
    name = serializers.CharField()
    trigger = serializers.ChoiceField([trigger.value for trigger in Trigger])
    beneficiary = serializers.ChoiceField([who.value for who in Beneficiary])
    member = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    words = DryRunWordsOutput()


class DryRunCampaignOutput(serializers.Serializer[Any]):
    campaign = serializers.CharField()
    outranked = serializers.ListField(child=serializers.CharField())
    joins = serializers.BooleanField(help_text="The buyer would become a participant by it.")
    referrer = serializers.CharField(allow_null=True, help_text="The member who brought them.")
    variant = serializers.CharField()
    awards = DryRunAwardOutput(many=True)
    refusals = DryRunRefusalOutput(many=True)
    cost_minor = serializers.IntegerField()
    budget_left_minor = serializers.IntegerField(
        allow_null=True, help_text="Before it. Null: no limit."
    )


class DryRunSeatOutput(serializers.Serializer[Any]):
    line_id = serializers.CharField()
    seat = serializers.CharField()
    outcome = serializers.ChoiceField(["paid", "refund_requested"])
    room = serializers.CharField()
    completes_room = serializers.BooleanField()


class DryRunIgnoredOutput(serializers.Serializer[Any]):
    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class DryRunOutput(serializers.Serializer[Any]):
    """What the order would do, with caps and the budget as they are now."""

    dry_run = serializers.BooleanField()
    order_id = serializers.CharField()
    nth = serializers.IntegerField()
    already_reported = serializers.BooleanField(
        help_text="An order with this id is known: the same again changes nothing."
    )
    campaigns = DryRunCampaignOutput(many=True)
    seats = DryRunSeatOutput(many=True)
    ignored = DryRunIgnoredOutput(many=True)


def is_dry_run(data: object) -> bool:
    """Whether a report asks for a dry run; one that says so badly is refused as a report."""
    asked = DryRunInput(data=data)
    return asked.is_valid() and bool(asked.validated_data["dry_run"])


def dry_run_output(found: DryRun) -> dict[str, Any]:
    """A dry run as the door answers it; members by public id."""
    named = {
        member
        for counted in found.campaigns
        for row in counted.decided
        for members in row.facts.people.values()
        for member in members
    }
    named |= {row.referrer.member_id for row in found.campaigns if row.referrer}
    ids = dict(Member.objects.filter(pk__in=named).values_list("pk", "public_id"))
    body = {
        "dry_run": True,
        "order_id": found.order_id,
        "nth": found.nth,
        "already_reported": found.already_reported,
        "campaigns": [_campaign(counted, ids) for counted in found.campaigns],
        "seats": [
            {
                "line_id": row.line_id,
                "seat": row.seat.public_id,
                "outcome": row.outcome,
                "room": row.room.public_id,
                "completes_room": row.completes,
            }
            for row in found.seats
        ],
        "ignored": [
            {"pointer": error.pointer, "code": error.code, "detail": str(error)}
            for error in found.ignored
        ],
    }
    return dict(DryRunOutput(body).data)


def _campaign(counted: Counted, ids: dict[int, str]) -> dict[str, Any]:
    referrer = counted.referrer
    return {
        "campaign": counted.campaign.public_id,
        "outranked": counted.outranked,
        "joins": counted.joins,
        "referrer": ids[referrer.member_id] if referrer else None,
        "variant": counted.variant,
        "awards": [award for row in counted.decided for award in _awards(row, counted, ids)],
        "refusals": [refusal for row in counted.decided for refusal in _refusals(row, ids)],
        "cost_minor": counted.cost_minor,
        "budget_left_minor": counted.budget_left_minor,
    }


def _awards(row: Decided, counted: Counted, ids: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "policy": award.policy,
            "name": row.terms[award.policy].name,
            "trigger": row.facts.trigger,
            "beneficiary": award.beneficiary,
            "member": ids[award.member_id],
            "kind": award.kind,
            "amount": award.amount,
            "cost_minor": row.cost_minor(award, counted.campaign),
            "settles_after_seconds": award.hold_seconds,
            "settles_from": award.hold_from,
        }
        for award in row.awards
    ]


def _refusals(row: Decided, ids: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "policy": refusal.policy,
            "name": row.terms[refusal.policy].name,
            "trigger": row.facts.trigger,
            "beneficiary": refusal.beneficiary,
            "member": ids.get(refusal.member_id) if refusal.member_id is not None else None,
            "reason": refusal.reason,
            "words": asdict(WORDS[refusal.reason]),
        }
        for refusal in [*row.decision.refusals, *map(_kept_back, row.kept)]
    ]


def _kept_back(kept: Kept) -> Refusal:
    award = kept.award
    return Refusal(award.policy, award.beneficiary, award.member_id, kept.reason)
