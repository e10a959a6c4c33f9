"""What members have in hand, and where codes come from."""

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_code, new_id
from apps.coupons.models.templates import Template
from apps.members.models import Member


class Batch(models.Model):
    """A mass issue of codes that belong to nobody yet. It is continued until all are made."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "bat"))
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="batches")
    key = models.CharField(max_length=200, unique=True, help_text="What makes it happen once.")
    wanted = models.PositiveIntegerField()
    made = models.PositiveIntegerField(default=0)
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(
                condition=Q(made__lte=F("wanted")), name="batch_makes_what_was_wanted"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class CouponQuerySet(models.QuerySet["Coupon"]):
    def lock_in_order(self) -> list["Coupon"]:
        """Lock these coupons by id, each with its template loaded, so that nobody deadlocks."""
        return list(
            self.select_for_update(of=("self",), no_key=True)
            .select_related("template")
            .order_by("pk")
        )


class Coupon(models.Model):
    """One code with its life: pending → issued → reserved → redeemed; or expired, or revoked.

    `nth` numbers a member's coupons of one template. One that was withdrawn before use gives its
    place back: it is no longer `counted` and has no `nth`.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        ISSUED = "issued"
        RESERVED = "reserved"
        REDEEMED = "redeemed"
        EXPIRED = "expired"
        REVOKED = "revoked"

    public_id = models.CharField(max_length=32, default=partial(new_id, "cpn"))
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="coupons")
    is_test = models.BooleanField(default=False)
    code = models.CharField(max_length=64, default=new_code)
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="coupons")
    nth = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    counted = models.BooleanField(default=True)
    moves = models.PositiveIntegerField(default=0, help_text="How often its status changed.")
    order_id = models.CharField(max_length=100, blank=True, help_text="The shop's own id.")
    reserved_until = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="Never, when empty.")
    issued_at = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True, help_text="For a guest who has claimed it.")
    key = models.CharField(max_length=200, help_text="What makes it happen once.")
    reference = models.CharField(max_length=200, blank=True, help_text="What it was for.")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="coupons")
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = CouponQuerySet.as_manager()

    class Meta:
        constraints = [
            # Not `unique=True`: that makes a second index for LIKE, and there are many coupons.
            models.UniqueConstraint(fields=["public_id"], name="coupon_public_id_once"),
            models.UniqueConstraint(fields=["key"], name="coupon_key_once"),
            models.UniqueConstraint(fields=["is_test", "code"], name="coupon_code_once"),
            models.UniqueConstraint(
                fields=["template", "member", "nth"], name="coupon_nth_once_per_member"
            ),
            models.CheckConstraint(
                condition=Q(status="reserved", reserved_until__isnull=False)
                | Q(~Q(status="reserved"), reserved_until=None),
                name="coupon_reserved_until_some_time",
            ),
            models.CheckConstraint(
                condition=Q(~Q(order_id=""), status__in=["reserved", "redeemed"])
                | Q(order_id="", status__in=["pending", "issued", "expired", "revoked"]),
                name="coupon_of_an_order_while_used",
            ),
            models.CheckConstraint(
                condition=Q(status="redeemed", redeemed_at__isnull=False)
                | Q(~Q(status="redeemed"), redeemed_at=None),
                name="coupon_redeemed_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(member__isnull=False)
                | Q(nth=None) & ~Q(status__in=["reserved", "redeemed"]),
                name="coupon_is_used_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(counted=True) | Q(status="revoked", nth=None),
                name="coupon_gives_its_place_back_when_withdrawn",
            ),
            models.CheckConstraint(
                condition=Q(member=None) | Q(nth__isnull=False, nth__gte=1) | Q(counted=False),
                name="coupon_of_a_member_is_numbered",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "status"], name="coupon_of_member"),
            models.Index(
                fields=["expires_at", "id"],
                name="coupon_expiring",
                condition=Q(status="issued", expires_at__isnull=False),
            ),
            models.Index(
                fields=["reserved_until", "id"],
                name="coupon_reservation_ending",
                condition=Q(status="reserved"),
            ),
            models.Index(fields=["order_id"], name="coupon_of_order", condition=~Q(order_id="")),
            models.Index(fields=["reference"], name="coupon_for", condition=~Q(reference="")),
        ]

    def __str__(self) -> str:
        return self.public_id


class PoolCode(models.Model):
    """A code of an outside system, handed out once."""

    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="pool")
    is_test = models.BooleanField(default=False)
    code = models.CharField(max_length=64)
    coupon = models.OneToOneField(
        Coupon, null=True, on_delete=models.PROTECT, related_name="pool_code"
    )
    imported_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["is_test", "code"], name="pool_code_once")]
        indexes = [
            models.Index(fields=["template", "id"], name="pool_left", condition=Q(coupon=None))
        ]

    def __str__(self) -> str:
        return self.code


class Claim(models.Model):
    """A coupon held for a guest until they log in with the claim's token, or until it expires."""

    class Status(models.TextChoices):
        OPEN = "open"
        TAKEN = "taken"
        EXPIRED = "expired"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "clm"))
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="claims")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="claims")
    guest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of what the shop or page knows the guest by."
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["coupon"], condition=Q(status="open"), name="claim_open_once_per_coupon"
            ),
            models.UniqueConstraint(
                fields=["template", "guest"],
                condition=Q(status="open") & ~Q(guest=""),
                name="claim_open_once_per_guest",
            ),
            models.CheckConstraint(
                condition=Q(status="taken", member__isnull=False)
                | Q(~Q(status="taken"), member=None),
                name="claim_taken_by_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at", "id"], name="claim_ending", condition=Q(status="open")
            )
        ]

    def __str__(self) -> str:
        return self.public_id
