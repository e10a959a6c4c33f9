"""Offers, rooms, seats, and the refunds the shop owes."""

import datetime as dt
from functools import partial

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models import Campaign
from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.groupbuy.rules import RoomStatus
from apps.invites.models import Participant
from apps.members.models import Member
from apps.orders.models import OrderLine


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
    is_active = models.BooleanField(default=True, help_text="Off: no new rooms; open ones go on.")
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(room_size__gte=1, room_size__lte=100), name="offer_room_size"
            )
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """What the form refuses: a bare “24” would mean seconds."""
        minute = dt.timedelta(minutes=1)
        if self.duration is not None and self.duration < minute:
            raise ValidationError(
                {"duration": "A room lasts at least a minute: 1 00:00:00 is a day."}
            )
        if self.hold_ttl is not None and self.hold_ttl < minute:
            raise ValidationError({"hold_ttl": "Paying takes at least a minute: 00:15:00 is 15."})


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


class Room(models.Model):
    """A group that buys together. `size`, `duration` and `hold_ttl` are frozen from the offer."""

    Status = RoomStatus

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "room"))
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="rooms")
    host = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="hosted_rooms")
    status = models.CharField(
        max_length=9, choices=[(s, s) for s in RoomStatus], default=RoomStatus.PENDING
    )
    reason = models.CharField(max_length=40, blank=True, help_text="Why it was cancelled.")
    size = models.PositiveSmallIntegerField()
    duration = models.DurationField()
    hold_ttl = models.DurationField()
    created_at = models.DateTimeField(db_default=EngineNow())
    opened_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When time changes something; null: never.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["completed", "failed", "cancelled"], ended_at__isnull=False)
                | Q(status__in=["pending", "open", "closing"], ended_at=None),
                name="room_ended_at",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="room_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["offer", "status"], name="room_of_offer"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Seat(models.Model):
    """A place in a room. It is held, then paid or released; released is final.

    Active seats have distinct positions below the room's size: the database itself cannot overfill.
    """

    class Status(models.TextChoices):
        HELD = "held"
        PAID = "paid"
        RELEASED = "released"

    class Discount(models.TextChoices):
        """Where the seat's discount stands in the campaign's budget."""

        NONE = "", "not counted"
        RESERVED = "reserved"
        SPENT = "spent"
        FREED = "freed"

    class Released(models.TextChoices):
        NOT = "", "not released"
        EXPIRED = "expired"
        LEFT = "left"
        ORDER_CANCELLED = "order_cancelled"
        REFUNDED = "refunded"
        ROOM_FAILED = "room_failed"
        ROOM_CANCELLED = "room_cancelled"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "seat"))
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="seats")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="seats")
    inviter = models.ForeignKey(
        Participant, null=True, on_delete=models.PROTECT, related_name="invited_seats"
    )
    item = models.ForeignKey(OfferItem, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    price_minor = models.PositiveBigIntegerField(help_text="For the whole seat.")
    discount_minor = models.PositiveBigIntegerField(
        default=0, help_text="What the group price takes off, where it counts in the budget."
    )
    discount = models.CharField(max_length=8, choices=Discount.choices, blank=True)
    position = models.PositiveSmallIntegerField()
    room_size = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.HELD)
    released = models.CharField(max_length=15, choices=Released.choices, blank=True)
    order_id = models.CharField(max_length=100, blank=True, help_text="The shop's order, if known.")
    line = models.OneToOneField(
        OrderLine, null=True, on_delete=models.PROTECT, related_name="paid_seat"
    )
    held_at = models.DateTimeField(db_default=EngineNow())
    hold_expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room", "member"],
                condition=Q(status__in=["held", "paid"]),
                name="seat_once_per_member",
            ),
            models.UniqueConstraint(
                fields=["room", "position"],
                condition=Q(status__in=["held", "paid"]),
                name="seat_position_once",
            ),
            models.CheckConstraint(
                condition=Q(position__lt=F("room_size")), name="seat_inside_room"
            ),
            models.CheckConstraint(
                condition=Q(status="released", released_at__isnull=False) & ~Q(released="")
                | Q(status__in=["held", "paid"], released_at=None, released=""),
                name="seat_released_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(discount="", discount_minor=0)
                | ~Q(discount="") & Q(discount_minor__gt=0),
                name="seat_discount_counted_or_not",
            ),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(paid_at__isnull=False, line__isnull=False),
                name="seat_paid_by_line",
            ),
        ]
        indexes = [
            models.Index(
                fields=["hold_expires_at"], name="seat_hold_due", condition=Q(status="held")
            ),
            models.Index(
                fields=["id"],
                name="seat_discount_open",
                condition=Q(discount="reserved") | Q(discount="spent", status="released"),
            ),
            models.Index(fields=["order_id"], name="seat_order", condition=~Q(order_id="")),
        ]

    def __str__(self) -> str:
        return self.public_id


class RefundOrderQuerySet(models.QuerySet["RefundOrder"]):
    def outstanding(self) -> "RefundOrderQuerySet":
        """Neither confirmed nor covered by the shop's own refunds."""
        return self.filter(status__in=RefundOrder.OUTSTANDING)

    def parked(self) -> "RefundOrderQuerySet":
        """Asked for in vain so often that nobody is asked any more."""
        return self.filter(status=RefundOrder.Status.REQUESTED, parked_at__isnull=False)

    def due(self) -> "RefundOrderQuerySet":
        """To be asked for again now."""
        return self.filter(status=RefundOrder.Status.REQUESTED, ask_again_at__lte=EngineNow())


class RefundOrder(models.Model):
    """What the shop must pay back for one order line. One per line, ever, and it resolves once.

    It asks for `amount_minor`, which never grows: what the shop refunds by itself meanwhile moves to
    `reduced_minor`. Confirmed, `amount_minor` is what was paid back through it, 0 when the shop's own
    refunds left nothing of it.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested"
        CONFIRMED = "confirmed"
        FAILED = "failed"

    class Why(models.TextChoices):
        ROOM_FAILED = "room_failed"
        ROOM_CANCELLED = "room_cancelled"
        TOO_LATE = "too_late"
        ALREADY_PAID = "already_paid"

    OUTSTANDING = (Status.REQUESTED, Status.FAILED)

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "rfo"))
    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="refund_order")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="refund_orders")
    amount_minor = models.PositiveBigIntegerField()
    reduced_minor = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="What the shop refunded by itself since it was asked."
    )
    currency = models.CharField(max_length=3)
    why = models.CharField(max_length=14, choices=Why.choices)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.REQUESTED)
    failure = models.CharField(
        max_length=300, blank=True, help_text="What the shop says went wrong."
    )
    asks = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How often the shop was asked, in all."
    )
    reminders = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many of them in a row went unanswered."
    )
    ask_again_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)
    requested_at = models.DateTimeField(db_default=EngineNow())
    resolved_at = models.DateTimeField(null=True)

    objects = RefundOrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) | Q(status="confirmed"),
                name="refund_order_of_nothing_is_resolved",
            ),
            models.CheckConstraint(
                condition=Q(status="requested", ask_again_at__isnull=False, parked_at=None)
                | Q(status="requested", ask_again_at=None, parked_at__isnull=False)
                | ~Q(status="requested") & Q(ask_again_at=None, parked_at=None),
                name="refund_order_asked_again_or_parked",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="refund_unresolved",
                condition=Q(status__in=["requested", "failed"]),
            ),
            models.Index(
                fields=["ask_again_at"],
                name="refund_ask_due",
                condition=Q(ask_again_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def asked_minor(self) -> int:
        """What was asked for in the beginning."""
        return self.amount_minor + self.reduced_minor

    def age(self, now: dt.datetime) -> dt.timedelta:
        """How long it has been outstanding at `now`, or was until it was resolved."""
        return max((self.resolved_at or now) - self.requested_at, dt.timedelta())
