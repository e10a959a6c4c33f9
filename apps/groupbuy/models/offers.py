"""Offers, their items and the steps of their prices."""

import datetime as dt
import enum
from functools import partial

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign
from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.groupbuy.rules import AtDeadline, Listing, Overflow, Settlement

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
YEAR = 366 * DAY


def choices_of(values: type[enum.StrEnum]) -> list[tuple[str, str]]:
    """The choices of a column that holds one of a rule's values."""
    return [(value.value, value.value.replace("_", " ")) for value in values]


class Offer(models.Model):
    """What can be bought together, and on which terms. Rooms keep the terms they opened with."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "off"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="offers")
    title = models.CharField(max_length=120)
    picture_url = models.URLField(max_length=500, blank=True)
    room_size = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Seats, the host's included.",
    )
    duration = models.DurationField(
        help_text="From the host's payment, as days hours:minutes:seconds."
    )
    hold_ttl = models.DurationField(
        help_text="How long a seat is held while the shop takes payment."
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    listing = models.CharField(
        max_length=7, choices=choices_of(Listing), default=Listing.PUBLIC, db_default=Listing.PUBLIC
    )
    at_deadline = models.CharField(
        max_length=14,
        choices=choices_of(AtDeadline),
        default=AtDeadline.FAIL,
        db_default=AtDeadline.FAIL,
    )
    minimum_seats = models.PositiveSmallIntegerField(
        default=1, db_default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    overflow = models.CharField(
        max_length=10,
        choices=choices_of(Overflow),
        default=Overflow.REFUND,
        db_default=Overflow.REFUND,
    )
    settlement = models.CharField(
        max_length=6,
        choices=choices_of(Settlement),
        default=Settlement.REFUND,
        db_default=Settlement.REFUND,
    )
    max_quantity = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    rooms_hosted_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    seats_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    open_limit = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    cooldown_after = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    cooldown_window = models.DurationField(default=DAY, db_default=DAY)
    cooldown = models.DurationField(default=DAY, db_default=DAY)
    new_members_only = models.BooleanField(default=False, db_default=False)
    host_discount_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    is_active = models.BooleanField(default=True, help_text="Off: no new rooms; open ones go on.")
    cancels_rooms = models.BooleanField(
        default=False, db_default=False, help_text="Withdrawn together with its open rooms."
    )
    withdrawal_note = models.CharField(max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(room_size__gte=1, room_size__lte=100), name="offer_room_size"
            ),
            models.CheckConstraint(
                condition=Q(minimum_seats__gte=1, minimum_seats__lte=F("room_size")),
                name="offer_minimum_seats",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")),
                name="offer_starts_before_it_ends",
            ),
            models.CheckConstraint(
                condition=Q(cancels_rooms=False) | Q(is_active=False),
                name="offer_cancels_rooms_once_withdrawn",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="offer_cancels_rooms", condition=Q(cancels_rooms=True))
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """What the form refuses, each fault at its field. A bare “24” would mean seconds."""
        faults = {
            name: fault
            for name, fault in (
                ("duration", "A room lasts at least a minute: 1 00:00:00 is a day."),
                ("hold_ttl", "Paying takes at least a minute: 00:15:00 is 15."),
                ("cooldown_window", "At least a minute: 1 00:00:00 is a day."),
                ("cooldown", "At least a minute: 1 00:00:00 is a day."),
            )
            if (given := getattr(self, name)) is not None and given < MINUTE
        }
        for name in ("duration", "hold_ttl", "cooldown_window", "cooldown"):
            if (given := getattr(self, name)) is not None and given > YEAR:
                faults[name] = "A year at the most: 366 00:00:00."
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            faults["ends_at"] = "An offer ends after it starts."
        if self.minimum_seats and self.room_size and self.minimum_seats > self.room_size:
            faults["minimum_seats"] = f"A room has only {self.room_size} seats."
        if faults:
            raise ValidationError(faults)


class OfferItem(models.Model):
    """One sku of an offer. held + sold never exceeds stock."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="items")
    sku = models.CharField(max_length=100)
    name = models.CharField(max_length=120)
    single_price_minor = models.PositiveBigIntegerField()
    group_price_minor = models.PositiveBigIntegerField()
    stock = models.PositiveIntegerField()
    held = models.PositiveIntegerField(default=0)
    sold = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "sku"], name="item_once_per_offer"),
            models.CheckConstraint(
                condition=Q(stock__gte=F("held") + F("sold")), name="item_not_oversold"
            ),
            models.CheckConstraint(condition=Q(held__gte=0, sold__gte=0), name="item_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        alone, together = self.single_price_minor, self.group_price_minor
        if alone is not None and together is not None and together > alone:
            raise ValidationError({"group_price_minor": "Together must not cost more than alone."})


class StepPrice(models.Model):
    """What a piece of an item costs, in the end, in a room of at least so many paid seats."""

    item = models.ForeignKey(OfferItem, on_delete=models.CASCADE, related_name="steps")
    headcount = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    price_minor = models.PositiveBigIntegerField(validators=[MinValueValidator(1)])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "headcount"], name="step_once_per_headcount"),
            models.CheckConstraint(
                condition=Q(headcount__gte=1, headcount__lte=100, price_minor__gt=0),
                name="step_from_somebody_at_some_price",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.headcount}: {self.price_minor}"
