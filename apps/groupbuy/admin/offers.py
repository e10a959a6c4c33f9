"""The form of an offer: ordinary fields, its items and the steps of their prices."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.core.admin import EngineAdmin, EngineTabularInline, SavesOnlyChanges
from apps.groupbuy import services
from apps.groupbuy.admin.pages import OfferPages
from apps.groupbuy.models import Offer, OfferItem
from apps.groupbuy.rules import ItemTerms, Step, item_fault

_STEP = re.compile(r"^\s*(\d{1,3})\s*:\s*(\d{1,15})\s*$")


class StepsField(forms.CharField):
    """Steps of a price as a person types them: “3: 4500, 5: 3900”."""

    def __init__(self, **given: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextInputWidget(), **given)

    def clean(self, value: Any) -> Any:
        parts = [part for part in str(super().clean(value)).split(",") if part.strip()]
        found = [_STEP.match(part) for part in parts]
        if not all(found):
            raise forms.ValidationError(
                "Write each step as seats: price, with commas between them: 3: 4500, 5: 3900."
            )
        return tuple(Step(int(one[1]), int(one[2])) for one in found if one)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return re.sub(r"\s", "", initial or "") != re.sub(r"\s", "", data or "")


class OfferItemForm(forms.ModelForm):
    steps = StepsField(
        label="Steps",
        help_text="Seats: price in the end. 3: 4500, 5: 3900 is 45.00 from 3 paid seats on and "
        "39.00 from 5. Empty: the price together stays.",
    )

    class Meta:
        model = OfferItem
        fields = ("sku", "name", "single_price_minor", "group_price_minor", "stock")

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        if self.instance.pk:
            steps = self.instance.steps.order_by("headcount")
            self.initial["steps"] = ", ".join(f"{s.headcount}: {s.price_minor}" for s in steps)


class _Items(SavesOnlyChanges):
    """Items whose prices make sense together with the offer above them."""

    def clean(self) -> None:
        super().clean()
        offer = self.instance
        for form in self.forms:
            given = getattr(form, "cleaned_data", {})
            if form.errors or not given.get("sku"):
                continue
            terms = ItemTerms(
                given["sku"],
                given["name"],
                given["single_price_minor"],
                given["group_price_minor"],
                given["stock"],
                given.get("steps", ()),
            )
            fault = item_fault(terms, offer.room_size or 100, offer.host_discount_minor or 0)
            if fault:
                form.add_error("steps" if terms.steps else "group_price_minor", fault)

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:
        changed = [name for name in form.changed_data if name != "steps"]
        if commit and changed:
            obj.save(update_fields=changed)
        if commit and "steps" in form.changed_data:
            services.item_steps_set(item_id=obj.pk, steps=form.cleaned_data["steps"])
        return obj

    def save_new(self, form: Any, commit: bool = True) -> Any:
        item = super().save_new(form, commit=commit)
        if commit and form.cleaned_data["steps"]:
            services.item_steps_set(item_id=item.pk, steps=form.cleaned_data["steps"])
        return item


class OfferItemInline(EngineTabularInline):
    model = OfferItem
    form = OfferItemForm
    formset = _Items
    verbose_name = "item"
    verbose_name_plural = "Items"
    min_num = 1
    fields = (
        "sku",
        "name",
        "single_price_minor",
        "group_price_minor",
        "steps",
        "stock",
        "held",
        "sold",
    )
    readonly_fields = ("held", "sold")
    can_delete = False
    labels = {"single_price_minor": "Price alone", "group_price_minor": "Price together"}
    help_texts = {
        "single_price_minor": "In minor units: 5900 is 59.00.",
        "group_price_minor": "In minor units: 4900 is 49.00. What a seat is paid with.",
        "stock": "For this offer alone.",
    }


@admin.register(Offer)
class OfferAdmin(OfferPages, EngineAdmin):
    list_display = (
        "title",
        "campaign",
        "room_size",
        "duration",
        "starts_at",
        "ends_at",
        "is_active",
        "public_id",
    )
    list_filter = ("is_active", "campaign", "listing", "at_deadline")
    list_select_related = ("campaign",)
    search_fields = ("title", "public_id")
    ordering = ("-id",)
    inlines = (OfferItemInline,)
    fieldsets = (
        (None, {"fields": (("title", "campaign"), "picture_url")}),
        (
            "Rooms",
            {
                "fields": (
                    ("room_size", "duration", "hold_ttl"),
                    ("starts_at", "ends_at"),
                    "listing",
                ),
                "description": "A room keeps the prices, limits and rules it opened with. What you "
                "change here holds for rooms that open from now on.",
            },
        ),
        (
            "When a room is not full in time",
            {"fields": (("at_deadline", "minimum_seats"), ("overflow", "settlement"))},
        ),
        (
            "What one member may have",
            {
                "fields": (
                    ("max_quantity", "seats_limit"),
                    ("rooms_hosted_limit", "open_limit"),
                    ("new_members_only", "host_discount_minor"),
                )
            },
        ),
        (
            "Those who keep giving up seats",
            {"fields": (("cooldown_after", "cooldown_window", "cooldown"),)},
        ),
    )
    labels = {
        "room_size": "Seats in a room",
        "duration": "A room lasts",
        "hold_ttl": "A seat is held for",
        "picture_url": "Picture",
        "starts_at": "Rooms open from",
        "ends_at": "Rooms open until",
        "listing": "Open rooms are listed for",
        "at_deadline": "At the deadline",
        "minimum_seats": "Paid seats it takes",
        "overflow": "A payment that finds no seat left",
        "settlement": "What a step price leaves over",
        "max_quantity": "Pieces in a seat",
        "seats_limit": "Seats",
        "rooms_hosted_limit": "Rooms hosted",
        "open_limit": "Open rooms at once",
        "new_members_only": "Seats are for new members only",
        "host_discount_minor": "The host's discount",
        "cooldown_after": "After so many given up",
        "cooldown_window": "Within",
        "cooldown": "They wait for",
    }
    help_texts = {
        "room_size": "The host's included. 1 is a flash price: one payment completes the room.",
        "hold_ttl": "While the shop takes payment, as days hours:minutes:seconds.",
        "starts_at": "Empty: at once.",
        "ends_at": "Empty: as long as the campaign runs. Rooms that are open then go on.",
        "minimum_seats": "Only for rooms that complete short. The room says openly that it did.",
        "overflow": "Another room: the listed one with the fewest seats left, at the same price.",
        "settlement": "Points count by the points programme's rate; where points pay nothing in "
        "this currency, a refund is asked for.",
        "max_quantity": "The most. Empty: up to 1000.",
        "seats_limit": "Held and paid ones of this offer, refunded ones not. Empty: any number.",
        "rooms_hosted_limit": "Rooms of this offer the member opened and still sits in.",
        "open_limit": "Rooms of this offer that have not ended yet.",
        "new_members_only": "Who never bought here. The host may be an old member. Checked at the "
        "hold and again at the payment.",
        "host_discount_minor": "Off the seat a room opens with, in minor units: 500 is 5.00.",
        "cooldown_after": "Held seats left, or not paid in time. Empty: nobody waits.",
        "cooldown_window": "As days hours:minutes:seconds.",
        "cooldown": "From the last one they gave up.",
    }
    choices = {
        "listing": {
            "public": "everybody",
            "friends": "friends of those in the room",
            "link": "nobody: only by their link",
        },
        "at_deadline": {
            "fail": "it fails, and every payment is asked back",
            "complete_short": "it completes short, from so many paid seats on",
        },
        "overflow": {"refund": "is refunded", "other_room": "goes to another open room"},
        "settlement": {"refund": "is refunded", "credit": "is given as points"},
    }

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        words = self.choices.get(db_field.name)
        if words and isinstance(field, forms.ChoiceField):
            field.choices = list(words.items())
        return field

    def get_readonly_fields(
        self, request: HttpRequest, obj: Offer | None = None
    ) -> tuple[str, ...]:
        # Its rooms and their participants are in that campaign; withdrawing has a page of its own.
        return ("public_id", "campaign", "opens_rooms", "why_withdrawn") if obj else ()

    @admin.display(description="New rooms may open", boolean=True)
    def opens_rooms(self, offer: Offer) -> bool:
        return offer.is_active

    @admin.display(description="Why it was withdrawn")
    def why_withdrawn(self, offer: Offer) -> str:
        return offer.withdrawal_note or "–"

    def get_fieldsets(self, request: HttpRequest, obj: Offer | None = None) -> Any:
        # Not while adding: the form's draft has another id than the offer that will be saved.
        shown = (None, {"fields": (("opens_rooms", "public_id"), "why_withdrawn")})
        return (*self.fieldsets, shown) if obj else self.fieldsets

    def has_delete_permission(self, request: HttpRequest, obj: Offer | None = None) -> bool:
        return False
