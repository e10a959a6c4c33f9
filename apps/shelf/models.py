"""The exchange shelf: what members get for points, and each exchange."""

from functools import partial

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id

MAX_POINTS = 10**12


class ShelfItemQuerySet(models.QuerySet["ShelfItem"]):
    def shown(self) -> "ShelfItemQuerySet":
        """Active and inside their window, by the database's clock; perhaps sold out."""
        begun = Q(starts_at=None) | Q(starts_at__lte=EngineNow())
        running = Q(ends_at=None) | Q(ends_at__gt=EngineNow())
        return self.filter(begun, running, is_active=True)

    def in_stock(self) -> "ShelfItemQuerySet":
        return self.filter(Q(stock=None) | Q(sold__lt=F("stock")))


class ShelfItem(models.Model):
    """One thing on the shelf: a coupon of a template, or a gift the shop hands over."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "shi"))
    name = models.CharField(max_length=100)
    picture_url = models.URLField("picture", max_length=500, blank=True)
    points = models.PositiveBigIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_POINTS)]
    )
    template = models.CharField(
        "coupon", max_length=32, blank=True, help_text="The public id of its template."
    )
    gift = models.CharField(max_length=200, blank=True)
    stock = models.PositiveIntegerField(null=True, blank=True)
    sold = models.PositiveIntegerField(default=0, help_text="Exchanges that were not cancelled.")
    per_member = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    is_test = models.BooleanField("test mode", default=False)
    is_active = models.BooleanField("on the shelf", default=True)
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = ShelfItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0), name="shelf_item_costs_points"),
            models.CheckConstraint(
                condition=(Q(template="") & ~Q(gift="")) | (~Q(template="") & Q(gift="")),
                name="shelf_item_is_a_coupon_or_a_gift",
            ),
            models.CheckConstraint(
                condition=Q(stock=None) | Q(sold__lte=F("stock")), name="shelf_sold_within_stock"
            ),
            models.CheckConstraint(
                condition=Q(per_member=None) | Q(per_member__gt=0), name="shelf_limit_lets_one_have"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")),
                name="shelf_item_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def left(self) -> int | None:
        """How many are left; None when there is no limit."""
        return None if self.stock is None else self.stock - self.sold


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def done(self) -> "ExchangeQuerySet":
        return self.filter(status=Exchange.Status.DONE)


class Exchange(models.Model):
    """Points given for one item. Cancelled, everything goes back to where it was."""

    class Status(models.TextChoices):
        DONE = "done"
        CANCELLED = "cancelled"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "exc"))
    key = models.CharField(max_length=300, unique=True, help_text="What makes it happen once.")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="exchanges")
    item = models.ForeignKey(ShelfItem, on_delete=models.PROTECT, related_name="exchanges")
    slot = models.PositiveIntegerField(
        help_text="Which of the member's places for this item it takes, from 1."
    )
    points = models.PositiveBigIntegerField(help_text="Spent; the item's price at that moment.")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.DONE)
    coupon = models.CharField(max_length=32, blank=True, help_text="The coupon it gave.")
    fulfilment = models.CharField(max_length=32, blank=True, help_text="The gift it asked for.")
    made_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "member", "slot"],
                condition=Q(status="done"),
                name="exchange_slot_once",
            ),
            models.CheckConstraint(
                condition=Q(points__gt=0, slot__gt=0), name="exchange_costs_points"
            ),
            models.CheckConstraint(
                condition=Q(status="done", cancelled_at=None)
                | Q(status="cancelled", cancelled_at__isnull=False),
                name="exchange_cancelled_when_it_says_so",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
