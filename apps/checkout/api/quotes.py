"""Door: what applies to a basket."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.checkout.api.orders import MAX_MINOR
from apps.checkout.quoting import MemberQuote, basket_quote
from apps.core import clock
from apps.core.api import EngineView, idempotent
from apps.core.callers import Door, caller_of, is_test
from apps.coupons.rules import CODE_LENGTH, WORDS, Applied, Basket, Kind, Line, Reason, Refused
from apps.members.selectors import member_by_external_id


class QuoteLineInput(serializers.Serializer[Any]):
    line_id = serializers.CharField(max_length=100)
    sku = serializers.CharField(max_length=100)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1)
    amount_minor = serializers.IntegerField(
        min_value=0, max_value=MAX_MINOR, help_text="For the whole line, at the shop's price."
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=30, default=list
    )


class QuoteInput(serializers.Serializer[Any]):
    member = serializers.CharField(
        max_length=128, required=False, help_text="The buyer's external_id, from a shop's backend."
    )
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    lines = QuoteLineInput(many=True, allow_empty=False, max_length=500)  # type: ignore[call-arg]
    shipping_minor = serializers.IntegerField(min_value=0, max_value=MAX_MINOR, default=0)
    coupons = serializers.ListField(
        child=serializers.CharField(max_length=CODE_LENGTH),
        max_length=50,
        required=False,
        help_text="Only these codes, beside what applies itself. Absent: all the member has.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = [line["line_id"] for line in attrs["lines"]]
        if len(set(names)) != len(names):
            raise serializers.ValidationError({"lines": ["Each line_id may stand once."]})
        return attrs


class QuotePartOutput(serializers.Serializer[Any]):
    line_id = serializers.CharField()
    discount_minor = serializers.IntegerField()


class QuoteAppliedOutput(serializers.Serializer[Any]):
    coupon = serializers.CharField(
        allow_null=True, help_text="Its code; null if it applies itself."
    )
    template = serializers.CharField(allow_null=True, help_text="Of what applies itself.")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in Kind])
    discount_minor = serializers.IntegerField(help_text="Off the lines.")
    shipping_discount_minor = serializers.IntegerField()
    gift = serializers.CharField()
    lines = QuotePartOutput(many=True)


class QuoteRefusedOutput(serializers.Serializer[Any]):
    coupon = serializers.CharField(allow_null=True)
    template = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    reason = serializers.ChoiceField(choices=[(reason.value, reason.value) for reason in Reason])
    for_shopper = serializers.CharField()
    for_developer = serializers.CharField()
    missing_minor = serializers.IntegerField(help_text="What the basket lacks to its minimum.")


class QuoteLineOutput(serializers.Serializer[Any]):
    line_id = serializers.CharField()
    amount_minor = serializers.IntegerField()
    discount_minor = serializers.IntegerField()
    payable_minor = serializers.IntegerField()


class QuotePointsOutput(serializers.Serializer[Any]):
    points = serializers.IntegerField(help_text="The most that can be spent on this basket.")
    worth_minor = serializers.IntegerField(help_text="What they take off.")
    reason = serializers.CharField(help_text="Why not more; empty when all can be spent.")


class QuoteOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    subtotal_minor = serializers.IntegerField()
    discount_minor = serializers.IntegerField()
    shipping_minor = serializers.IntegerField()
    shipping_discount_minor = serializers.IntegerField()
    total_minor = serializers.IntegerField(help_text="To be paid, before points.")
    lines = QuoteLineOutput(many=True)
    applied = QuoteAppliedOutput(many=True, help_text="The best set, in the order it is taken off.")
    not_applied = QuoteRefusedOutput(many=True)
    exact = serializers.BooleanField(
        help_text="Every allowed set was weighed; false when there were too many coupons for that."
    )
    points = QuotePointsOutput(allow_null=True, help_text="Null without a member.")


class QuotesView(EngineView):
    """What applies to this basket: the best set of coupons, why not the others, and the points."""

    doors = (Door.MEMBER, Door.SERVER)
    scope = "rewards"

    @extend_schema(request=QuoteInput, responses=QuoteOutput)
    @idempotent()
    def post(self, request: Request) -> Response:
        body = QuoteInput(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data
        basket = Basket(
            currency=fields["currency"],
            lines=tuple(
                Line(line["line_id"], line["sku"], line["amount_minor"], frozenset(line["tags"]))
                for line in fields["lines"]
            ),
            shipping_minor=fields["shipping_minor"],
        )
        quoted = basket_quote(
            basket=basket,
            member_id=_buyer(request, fields.get("member")),
            codes=fields.get("coupons"),
            is_test=is_test(request),
            now=clock.now(),
        )
        return Response(_output(basket.currency, quoted))


def _buyer(request: Request, external_id: str | None) -> int | None:
    """Whose coupons: the acting member's, else the one a shop's backend names, else nobody's."""
    caller = caller_of(request)
    if caller is not None and caller.member_id is not None:
        return caller.member_id
    if external_id is None:
        return None
    return member_by_external_id(external_id, is_test=is_test(request), pointer="/member").pk


def _output(currency: str, quoted: MemberQuote) -> dict[str, Any]:
    quote = quoted.quote
    shown = {
        "currency": currency,
        "subtotal_minor": quote.subtotal_minor,
        "discount_minor": quote.discount_minor,
        "shipping_minor": quote.shipping_minor,
        "shipping_discount_minor": quote.shipping_discount_minor,
        "total_minor": quote.total_minor,
        "lines": quote.lines,
        "applied": [_applied(one) for one in quote.applied],
        "not_applied": [_refused(one) for one in quote.refused],
        "exact": quote.exact,
        "points": quoted.points,
    }
    return dict(QuoteOutput(shown).data)


def _applied(one: Applied) -> dict[str, Any]:
    return {
        **_named(one.key, one.automatic),
        "name": one.name,
        "kind": one.kind.value,
        "discount_minor": one.discount_minor,
        "shipping_discount_minor": one.shipping_discount_minor,
        "gift": one.gift,
        "lines": [{"line_id": line, "discount_minor": minor} for line, minor in one.lines],
    }


def _refused(one: Refused) -> dict[str, Any]:
    return {
        **_named(one.key, one.automatic),
        "name": one.name,
        "reason": one.reason.value,
        "for_shopper": WORDS[one.reason].shopper,
        "for_developer": WORDS[one.reason].developer,
        "missing_minor": one.missing_minor,
    }


def _named(key: str, automatic: bool) -> dict[str, str | None]:
    return {"coupon": None if automatic else key, "template": key if automatic else None}
