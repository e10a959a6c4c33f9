"""How offers and their terms look over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.groupbuy import selectors
from apps.groupbuy.models import Offer, OfferItem, StepPrice
from apps.groupbuy.rules import AtDeadline, CoolDown, Overflow, Settlement


class StepPriceOutput(serializers.ModelSerializer[StepPrice]):
    class Meta:
        model = StepPrice
        fields = ("headcount", "price_minor")


class ItemOutput(serializers.ModelSerializer[OfferItem]):
    left = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField(
        help_text="What a piece costs in the end, in a room of at least so many paid seats."
    )

    class Meta:
        model = OfferItem
        fields = ("sku", "name", "single_price_minor", "group_price_minor", "steps", "left")

    @extend_schema_field(StepPriceOutput(many=True))
    def get_steps(self, item: OfferItem) -> Any:
        return StepPriceOutput(sorted(item.steps.all(), key=lambda s: s.headcount), many=True).data

    def get_left(self, item: OfferItem) -> int:
        return item.stock - item.held - item.sold


class LimitsOutput(serializers.Serializer[Any]):
    """What one member may have of the offer; null: any number."""

    rooms_hosted = serializers.IntegerField(allow_null=True)
    seats = serializers.IntegerField(allow_null=True)
    open_at_once = serializers.IntegerField(allow_null=True)


class CoolDownOutput(serializers.Serializer[Any]):
    """Who gives up `after` held seats within the window waits for the pause."""

    after = serializers.IntegerField()
    window_seconds = serializers.SerializerMethodField()
    pause_seconds = serializers.SerializerMethodField()

    def get_window_seconds(self, cool_down: CoolDown) -> int:
        return int(cool_down.window.total_seconds())

    def get_pause_seconds(self, cool_down: CoolDown) -> int:
        return int(cool_down.pause.total_seconds())


class TermsOutput(serializers.Serializer[Any]):
    """The offer's rules. A room keeps those of the moment it was opened."""

    at_deadline = serializers.ChoiceField([value.value for value in AtDeadline])
    minimum_seats = serializers.IntegerField(
        help_text="Paid seats from which a room completes short, if it does."
    )
    overflow = serializers.ChoiceField([value.value for value in Overflow])
    settlement = serializers.ChoiceField(
        [value.value for value in Settlement],
        help_text="How what a step price leaves over goes back.",
    )
    max_quantity = serializers.IntegerField(allow_null=True)
    limits = LimitsOutput()
    cool_down = CoolDownOutput(allow_null=True)
    new_members_only = serializers.BooleanField()
    host_discount_minor = serializers.IntegerField()


class OfferOutput(serializers.ModelSerializer[Offer]):
    id = serializers.CharField(source="public_id")
    campaign = serializers.CharField(source="campaign.public_id")
    currency = serializers.CharField(source="campaign.currency")
    duration_seconds = serializers.SerializerMethodField()
    terms = serializers.SerializerMethodField()
    items = ItemOutput(many=True)

    class Meta:
        model = Offer
        fields = (
            "id",
            "campaign",
            "title",
            "picture_url",
            "room_size",
            "duration_seconds",
            "starts_at",
            "ends_at",
            "listing",
            "terms",
            "currency",
            "items",
        )

    @extend_schema_field(TermsOutput)
    def get_terms(self, offer: Offer) -> Any:
        return TermsOutput(selectors.offer_rules(offer)).data

    def get_duration_seconds(self, offer: Offer) -> int:
        return int(offer.duration.total_seconds())


class OffersOutput(serializers.Serializer[Any]):
    results = OfferOutput(many=True)
