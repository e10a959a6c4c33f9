"""Rooms and the seats in them."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.groupbuy.models.offers import Offer, OfferItem, choices_of
from apps.groupbuy.rules import Listing, RoomStatus
from apps.invites.models import Participant
from apps.members.models import Member
from apps.orders.models import OrderLine


class Room(models.Model):
    """A group that buys together, on the terms its offer had when it opened.

    `size`, `duration`, `hold_ttl`, `listing` and `terms` (`rules.Terms`) are frozen from the offer.
    """

    Status = RoomStatus

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "room"))
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="rooms")
    host = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="hosted_rooms")
    status = models.CharField(
        max_length=9, choices=[(s, s) for s in RoomStatus], default=RoomStatus.PENDING
    )
    reason = models.CharField(max_length=40, blank=True, help_text="Why it was cancelled.")
    note = models.CharField(
        max_length=200, blank=True, db_default="", help_text="What the operator said about it."
    )
    size = models.PositiveSmallIntegerField()
    duration = models.DurationField()
    hold_ttl = models.DurationField()
    listing = models.CharField(
        max_length=7, choices=choices_of(Listing), default=Listing.PUBLIC, db_default=Listing.PUBLIC
    )
    terms = models.JSONField(default=dict, db_default={})
    headcount = models.PositiveSmallIntegerField(
        null=True, help_text="Paid seats when it completed; fewer than its size: completed short."
    )
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
            ),
            models.CheckConstraint(
                condition=Q(headcount=None)
                | Q(status="completed", headcount__gte=1, headcount__lte=F("size")),
                name="room_headcount_once_complete",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="room_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["offer", "status"], name="room_of_offer"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def completed_short(self) -> bool:
        """Whether it completed at its deadline, by the offer's terms, with fewer than all seats."""
        return self.headcount is not None and self.headcount < self.size

    @property
    def needed(self) -> int:
        """The paid seats that make it complete: its size, or those it completed short with."""
        return self.size if self.headcount is None else self.headcount


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

    class Settlement(models.TextChoices):
        """Where the difference between the price paid and the final one stands."""

        NONE = "", "no difference"
        DUE = "due"
        REFUND = "refund", "refund asked of the shop"
        CREDIT = "credit", "given as points"
        VOID = "void", "nothing left to give back"
        TAKEN_BACK = "taken_back", "points taken back"

    class Released(models.TextChoices):
        NOT = "", "not released"
        EXPIRED = "expired"
        LEFT = "left"
        ORDER_CANCELLED = "order_cancelled"
        REFUNDED = "refunded"
        NOT_NEW = "not_new"
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
    final_price_minor = models.PositiveBigIntegerField(
        null=True, help_text="For the whole seat, by the room's steps, once it is complete."
    )
    settlement = models.CharField(
        max_length=10, choices=Settlement.choices, blank=True, db_default=""
    )
    credited_points = models.PositiveBigIntegerField(default=0, db_default=0)
    opens = models.BooleanField(
        default=False, db_default=False, help_text="The host's seat with which the room opened."
    )
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
            models.CheckConstraint(
                condition=Q(settlement="")
                | Q(final_price_minor__isnull=False, final_price_minor__lt=F("price_minor")),
                name="seat_settles_a_difference",
            ),
            models.CheckConstraint(
                condition=Q(settlement__in=["credit", "taken_back"]) | Q(credited_points=0),
                name="seat_points_where_credited",
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
            models.Index(
                fields=["id"],
                name="seat_settlement_due",
                condition=Q(settlement="due") | Q(settlement="credit", status="released"),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
