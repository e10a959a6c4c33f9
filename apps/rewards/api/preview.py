"""The door that says what would happen. It writes nothing."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.models import Campaign
from apps.campaigns.rules import (
    WORDS,
    AwardKind,
    Beneficiary,
    HoldFrom,
    LineFacts,
    OrderFacts,
    Reason,
    Refusal,
    RoomFacts,
    Trigger,
)
from apps.campaigns.selectors import CampaignUnknown
from apps.core import clock
from apps.core.api import EngineView, require_idempotency_key
from apps.core.callers import is_test
from apps.members.models import Member
from apps.members.selectors import member_by_external_id
from apps.rewards.api.grants import WordsOutput
from apps.rewards.previewing import (
    Hypothesis,
    Preview,
    Previewed,
    Promise,
    draft_promise,
    preview,
    published_promise,
)

MAX_MINOR = 10**15
MAX_NTH = 2**31 - 1
_OTHERS = (
    Beneficiary.REFERRER,
    Beneficiary.SECOND_REFERRER,
    Beneficiary.INVITER,
    Beneficiary.HOST,
)


class PreviewCircumstancesInput(serializers.Serializer[Any]):
    tier = serializers.CharField(max_length=60, required=False, allow_blank=True)
    audiences = serializers.ListField(
        child=serializers.CharField(max_length=32), max_length=100, required=False
    )
    channel = serializers.CharField(max_length=32, required=False, allow_blank=True)
    is_new = serializers.BooleanField(required=False)
    variant = serializers.CharField(max_length=20, required=False, allow_blank=True)


class PreviewLineInput(serializers.Serializer[Any]):
    amount_minor = serializers.IntegerField(min_value=0, max_value=MAX_MINOR)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=30, default=list
    )


class PreviewOrderInput(serializers.Serializer[Any]):
    amount_minor = serializers.IntegerField(
        min_value=0, max_value=MAX_MINOR, help_text="Paid for the whole order."
    )
    nth = serializers.IntegerField(
        min_value=1,
        max_value=MAX_NTH,
        required=False,
        help_text="Which paid order of the member it is. Absent: the next one.",
    )
    lines = PreviewLineInput(many=True, max_length=500, default=list)  # type: ignore[call-arg]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(line["amount_minor"] for line in attrs["lines"]) > attrs["amount_minor"]:
            raise serializers.ValidationError(
                {"amount_minor": ["The lines add up to more than was paid."]}
            )
        return attrs


class PreviewRoomInput(serializers.Serializer[Any]):
    size = serializers.IntegerField(min_value=1, max_value=100)
    kept_seats = serializers.IntegerField(
        min_value=0, max_value=100, required=False, help_text="Absent: all of them."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.setdefault("kept_seats", attrs["size"])
        if attrs["kept_seats"] > attrs["size"]:
            raise serializers.ValidationError({"kept_seats": ["No more than the room's size."]})
        return attrs


class PreviewInput(serializers.Serializer[Any]):
    trigger = serializers.ChoiceField([trigger.value for trigger in Trigger])
    member = serializers.CharField(
        max_length=128, required=False, help_text="Their external_id. Absent: somebody made up."
    )
    circumstances = PreviewCircumstancesInput(
        required=False, help_text="What is to be otherwise than it is for the member."
    )
    people = serializers.ListField(
        child=serializers.ChoiceField([who.value for who in _OTHERS]),
        max_length=len(_OTHERS),
        required=False,
        help_text="Who else stands there. Absent: a known member's own chain, or everybody.",
    )
    confirmed = serializers.BooleanField(default=True)
    order = PreviewOrderInput(required=False)
    room = PreviewRoomInput(required=False)
    nth = serializers.IntegerField(
        min_value=1,
        max_value=MAX_NTH,
        required=False,
        help_text="Of a friend: their number. Absent: the next one.",
    )
    version = serializers.ChoiceField(["published", "draft"], default="published")
    policies = serializers.ListField(
        child=serializers.CharField(max_length=32),
        max_length=200,
        required=False,
        help_text="Only these policies of the draft, by id.",
    )


class PreviewCapOutput(serializers.Serializer[Any]):
    scope = serializers.ChoiceField(["member", "day", "order", "campaign"])
    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    left = serializers.IntegerField()


class PreviewAwardOutput(serializers.Serializer[Any]):
    policy = serializers.CharField()
    name = serializers.CharField()
    beneficiary = serializers.ChoiceField([who.value for who in Beneficiary])
    member = serializers.CharField(allow_null=True, help_text="Null: somebody made up.")
    kind = serializers.ChoiceField([kind.value for kind in AwardKind])
    amount = serializers.IntegerField()
    what = serializers.CharField(help_text="The coupon template, or the gift.")
    cost_minor = serializers.IntegerField()
    settles_after_seconds = serializers.IntegerField()
    settles_from = serializers.ChoiceField([start.value for start in HoldFrom])
    caps = PreviewCapOutput(many=True)
    kept_back = serializers.CharField(
        allow_null=True, help_text="The cap or the budget that would refuse it right now."
    )
    words = WordsOutput(allow_null=True, help_text="Why it would be kept back.")


class PreviewRefusalOutput(serializers.Serializer[Any]):
    policy = serializers.CharField()
    name = serializers.CharField()
    beneficiary = serializers.ChoiceField([who.value for who in Beneficiary])
    member = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    words = WordsOutput()


class PreviewBudgetOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    amount_minor = serializers.IntegerField(allow_null=True, help_text="Null: no limit.")
    left_minor = serializers.IntegerField(allow_null=True)
    cost_minor = serializers.IntegerField(help_text="Of the awards that would be given.")
    left_after_minor = serializers.IntegerField(allow_null=True)


class PreviewFactsOutput(serializers.Serializer[Any]):
    order_nth = serializers.IntegerField(allow_null=True)
    act_nth = serializers.IntegerField(allow_null=True)
    variant = serializers.CharField()
    is_holdout = serializers.BooleanField()
    tier = serializers.CharField()
    audiences = serializers.ListField(child=serializers.CharField())
    channel = serializers.CharField()
    is_new = serializers.BooleanField()


class PreviewOutput(serializers.Serializer[Any]):
    campaign = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="Null: the draft.")
    facts = PreviewFactsOutput()
    awards = PreviewAwardOutput(many=True)
    refusals = PreviewRefusalOutput(many=True)
    budget = PreviewBudgetOutput()


class PreviewView(EngineView):
    """What would happen: who would get what for a fact, and why not. Writes nothing."""

    scope = "campaigns"

    @extend_schema(
        operation_id="campaigns_preview", request=PreviewInput, responses={200: PreviewOutput}
    )
    def post(self, request: Request, campaign_id: str) -> Response:
        require_idempotency_key(request)
        body = PreviewInput(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data
        campaign = _campaign(campaign_id, is_test(request))
        member = (
            member_by_external_id(fields["member"], is_test=is_test(request), pointer="/member")
            if "member" in fields
            else None
        )
        seen = preview(
            campaign, _promise(campaign, fields), _hypothesis(fields, member), now=clock.now()
        )
        return Response(PreviewOutput(_output(seen)).data)


def _campaign(public_id: str, test: bool) -> Campaign:
    """The campaign, a draft too: previewing is how one is made. Raises CampaignUnknown."""
    found = Campaign.objects.select_related("published_version").filter(
        public_id=public_id, is_test=test
    )
    campaign = found.first()
    if campaign is None:
        raise CampaignUnknown(f"There is no campaign {public_id}.")
    return campaign


def _promise(campaign: Campaign, fields: dict[str, Any]) -> Promise:
    if "policies" in fields:
        return draft_promise(campaign, fields["policies"])
    if fields["version"] == "draft":
        return draft_promise(campaign)
    return published_promise(campaign)


def _hypothesis(fields: dict[str, Any], member: Member | None) -> Hypothesis:
    trigger = Trigger(fields["trigger"])
    then = fields.get("circumstances", {})
    order, room = fields.get("order"), fields.get("room")
    audiences = then.get("audiences")
    return Hypothesis(
        trigger=trigger,
        member=member,
        people=frozenset(map(Beneficiary, fields["people"])) if "people" in fields else None,
        confirmed=fields["confirmed"],
        tier=then.get("tier"),
        audiences=None if audiences is None else tuple(audiences),
        channel=then.get("channel"),
        is_new=then.get("is_new"),
        variant=then.get("variant"),
        order=_order(order) if order else None,
        room=_room(trigger, room) if room else None,
        act_nth=fields.get("nth"),
    )


def _order(given: dict[str, Any]) -> OrderFacts:
    return OrderFacts(
        kept_minor=given["amount_minor"],
        nth=given.get("nth", 0),
        lines=tuple(
            LineFacts(tuple(line["tags"]), line["amount_minor"]) for line in given["lines"]
        ),
    )


def _room(trigger: Trigger, given: dict[str, Any]) -> RoomFacts:
    """A completed room stays completed, whatever was refunded since."""
    full = given["kept_seats"] >= given["size"]
    return RoomFacts(
        given["size"], given["kept_seats"], completed=full or trigger is Trigger.ROOM_COMPLETED
    )


def _output(seen: Preview) -> dict[str, Any]:
    named = {row.award.member_id for row in seen.awards}
    named |= {row.member_id for row in seen.refusals if row.member_id is not None}
    ids = dict(Member.objects.filter(pk__in=named).values_list("pk", "public_id"))
    facts, then = seen.facts, seen.facts.circumstances
    left = seen.left_minor
    return {
        "campaign": seen.campaign.public_id,
        "version": seen.promise.version,
        "facts": {
            **asdict(then),
            "order_nth": facts.order.nth if facts.order else None,
            "act_nth": facts.act.nth if facts.act else None,
            "variant": facts.variant,
            "is_holdout": facts.is_holdout,
        },
        "awards": [_award(row, ids) for row in seen.awards],
        "refusals": [_refusal(row, seen.names, ids) for row in seen.refusals],
        "budget": {
            "currency": seen.campaign.currency,
            "amount_minor": seen.budget_minor,
            "left_minor": left,
            "cost_minor": seen.cost_minor,
            "left_after_minor": None if left is None else left - seen.cost_minor,
        },
    }


def _award(row: Previewed, ids: dict[int, str]) -> dict[str, Any]:
    award, policy = row.award, row.policy
    return {
        "policy": award.policy,
        "name": policy.name,
        "beneficiary": award.beneficiary,
        "member": ids.get(award.member_id),
        "kind": award.kind,
        "amount": award.amount,
        "what": policy.coupon_template or policy.gift,
        "cost_minor": row.cost_minor,
        "settles_after_seconds": award.hold_seconds,
        "settles_from": award.hold_from,
        "caps": row.caps,
        "kept_back": row.kept_back,
        "words": asdict(WORDS[row.kept_back]) if row.kept_back else None,
    }


def _refusal(row: Refusal, names: dict[str, str], ids: dict[int, str]) -> dict[str, Any]:
    return {
        "policy": row.policy,
        "name": names[row.policy],
        "beneficiary": row.beneficiary,
        "member": None if row.member_id is None else ids.get(row.member_id),
        "reason": row.reason,
        "words": asdict(WORDS[Reason(row.reason)]),
    }
