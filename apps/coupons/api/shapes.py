"""How templates and coupons look from outside."""

from typing import Any

from rest_framework import serializers

from apps.coupons.models import Coupon, Template
from apps.coupons.rules import CODE_LENGTH, WORDS, Reason

MAX_TTL_SECONDS = 24 * 3600


class StepOutput(serializers.Serializer[Any]):
    from_minor = serializers.IntegerField()
    off_minor = serializers.IntegerField()


class CouponTemplateOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=Template.Kinds.choices)
    currency = serializers.CharField()
    face_minor = serializers.IntegerField(
        help_text="What an amount takes off, a gift is worth, free shipping takes off at the most."
    )
    percent_bps = serializers.IntegerField(help_text="Ten-thousandths: 1000 is 10 %.")
    ceiling_minor = serializers.IntegerField(allow_null=True)
    gift = serializers.CharField()
    steps = serializers.SerializerMethodField()
    repeats = serializers.BooleanField(help_text="A step counts each time it is reached.")
    min_basket_minor = serializers.IntegerField(help_text="Of the lines it is for.")
    skus = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    not_skus = serializers.ListField(child=serializers.CharField())
    not_tags = serializers.ListField(child=serializers.CharField())
    stacking = serializers.ChoiceField(choices=Template.StackingRule.choices)
    stack_group = serializers.CharField()
    partner = serializers.CharField()
    starts_at = serializers.DateTimeField(allow_null=True, help_text="Usable from then on.")
    ends_at = serializers.DateTimeField(allow_null=True)
    valid_hours = serializers.IntegerField(allow_null=True, help_text="After its issue.")

    def get_steps(self, template: Template) -> list[dict[str, int]]:
        steps = sorted(template.steps.all(), key=lambda step: step.from_minor)
        return [{"from_minor": step.from_minor, "off_minor": step.off_minor} for step in steps]


class CouponOutput(serializers.Serializer[Any]):
    """A member's coupon. The code is empty while it is only promised."""

    id = serializers.CharField(source="public_id")
    code = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    why_not = serializers.SerializerMethodField(
        help_text="Why it cannot be used, for the shopper; empty when it can."
    )
    template = CouponTemplateOutput()
    order_id = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    reserved_until = serializers.DateTimeField(allow_null=True)
    redeemed_at = serializers.DateTimeField(allow_null=True)

    def get_code(self, coupon: Coupon) -> str:
        return "" if coupon.status == Coupon.Status.PENDING else coupon.code

    def get_status(self, coupon: Coupon) -> str:
        return str(getattr(coupon, "state", coupon.status))

    def get_why_not(self, coupon: Coupon) -> str:
        reason = _REASONS.get(self.get_status(coupon))
        return WORDS[reason].shopper if reason else ""


_REASONS = {
    Coupon.Status.PENDING.value: Reason.PENDING,
    Coupon.Status.RESERVED.value: Reason.RESERVED,
    Coupon.Status.REDEEMED.value: Reason.USED,
    Coupon.Status.EXPIRED.value: Reason.EXPIRED,
    Coupon.Status.REVOKED.value: Reason.REVOKED,
}


class CouponUseOutput(serializers.Serializer[Any]):
    """A coupon at checkout."""

    id = serializers.CharField(source="public_id")
    code = serializers.CharField()
    status = serializers.ChoiceField(choices=Coupon.Status.choices)
    template = serializers.CharField(source="template.public_id")
    order_id = serializers.CharField()
    reserved_until = serializers.DateTimeField(allow_null=True)
    redeemed_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class CouponRedeemInput(serializers.Serializer[Any]):
    member = serializers.CharField(max_length=128, help_text="The buyer's external_id.")
    order_id = serializers.CharField(max_length=100)


class CouponReserveInput(CouponRedeemInput):
    ttl_seconds = serializers.IntegerField(
        min_value=60,
        max_value=MAX_TTL_SECONDS,
        required=False,
        help_text="How long it is set aside; absent: half an hour.",
    )


class CouponReleaseInput(serializers.Serializer[Any]):
    order_id = serializers.CharField(max_length=100)


class CouponClaimInput(serializers.Serializer[Any]):
    template = serializers.CharField(max_length=32, required=False)
    code = serializers.CharField(max_length=CODE_LENGTH, required=False)
    claim_token = serializers.CharField(
        max_length=200, required=False, help_text="What POST /coupon-claims gave the guest."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(
                {"template": ["Name a template, a code or a claim_token: exactly one."]}
            )
        return attrs


class GuestClaimInput(serializers.Serializer[Any]):
    template = serializers.CharField(max_length=32, required=False)
    code = serializers.CharField(max_length=CODE_LENGTH, required=False)
    guest = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        help_text="What the page knows the guest by, such as the visit token: the same guest gets "
        "the same claim again.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("template" in attrs) == ("code" in attrs):
            raise serializers.ValidationError(
                {"template": ["Name a template or a code: exactly one."]}
            )
        return attrs


class GuestClaimOutput(serializers.Serializer[Any]):
    claim_token = serializers.CharField(
        required=False,
        help_text="Send it to POST /me/coupons after login. A replayed answer leaves it out.",
    )
    template = CouponTemplateOutput()
    expires_at = serializers.DateTimeField(help_text="Held until then.")
