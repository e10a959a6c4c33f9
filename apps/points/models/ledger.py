"""The ledger: accounts, immutable transfers between them, and lots of points that may expire."""

from functools import partial

from django.db import models
from django.db.models import F, Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id


class AccountQuerySet(models.QuerySet["Account"]):
    def of_members(self) -> "AccountQuerySet":
        return self.filter(member__isnull=False)

    def of_system(self) -> "AccountQuerySet":
        return self.filter(member=None)


class Account(models.Model):
    """Where points are. System accounts keep no balance: all transfers would queue for the row."""

    class Purpose(models.TextChoices):
        AVAILABLE = "available", "Available to spend"
        PENDING = "pending", "Waiting for the hold to end"
        DEBT = "debt", "Owed after a claw back"
        RESERVED = "reserved", "Reserved for an order"
        ISSUANCE = "issuance", "System: issued"
        EXPIRED = "expired", "System: expired"
        SPENT = "spent", "System: spent"
        ADJUSTMENT = "adjustment", "System: adjusted by hand"

    OF_MEMBERS = (Purpose.AVAILABLE, Purpose.PENDING, Purpose.DEBT, Purpose.RESERVED)
    OF_SYSTEM = (Purpose.ISSUANCE, Purpose.EXPIRED, Purpose.SPENT, Purpose.ADJUSTMENT)

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "acc"))
    member = models.ForeignKey(
        "members.Member", null=True, on_delete=models.PROTECT, related_name="point_accounts"
    )
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    balance = models.BigIntegerField(default=0, help_text="Points; 0 on system accounts.")
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "purpose"], name="one_account_per_member_and_purpose"
            ),
            models.UniqueConstraint(
                fields=["purpose"], condition=Q(member=None), name="one_system_account_per_purpose"
            ),
            models.CheckConstraint(
                condition=Q(
                    member__isnull=False, purpose__in=["available", "pending", "debt", "reserved"]
                )
                | Q(
                    member__isnull=True,
                    purpose__in=["issuance", "expired", "spent", "adjustment"],
                ),
                name="purpose_fits_the_owner",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=["available", "pending", "reserved"], balance__gte=0)
                | Q(purpose="debt", balance__lte=0)
                | Q(member__isnull=True, balance=0),
                name="balance_within_its_sign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.public_id}"


class Transfer(models.Model):
    """Points moved from `debit` to `credit`, once and for good: a trigger refuses any change."""

    class Kind(models.TextChoices):
        PEND = "pend", "Earned, on hold"
        SETTLE = "settle", "Settled"
        REPAY = "repay", "Repaid debt"
        VOID = "void", "Void before it settled"
        CLAW_BACK = "claw_back", "Taken back"
        OWE = "owe", "Taken back, but already spent"
        RESERVE = "reserve", "Reserved for an order"
        RELEASE = "release", "Reservation released"
        SPEND = "spend", "Spent"
        RETURN = "return", "Given back after a refund"
        EXPIRE = "expire", "Expired"
        ADJUST = "adjust", "Adjusted by an operator"
        IMPORT = "import", "Brought along from before"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "trf"))
    key = models.CharField(max_length=200, unique=True, help_text="What makes it happen once.")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="debits")
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="credits")
    amount = models.BigIntegerField(help_text="Points, more than 0.")
    reference = models.CharField(max_length=200, blank=True, help_text="What it was for.")
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_moves_something"),
            models.CheckConstraint(
                condition=~Q(debit=F("credit")), name="transfer_between_two_accounts"
            ),
        ]
        indexes = [models.Index(fields=["reference"], name="transfer_reference")]

    def __str__(self) -> str:
        return self.public_id


class LotQuerySet(models.QuerySet["Lot"]):
    def open(self) -> "LotQuerySet":
        return self.filter(remaining__gt=0)

    def live(self) -> "LotQuerySet":
        """What can be spent: an expired lot cannot, even before it was swept."""
        return self.open().filter(Q(expires_at=None) | Q(expires_at__gt=EngineNow()))

    def expired(self) -> "LotQuerySet":
        return self.open().filter(expires_at__lte=EngineNow())

    def to_announce(self) -> "LotQuerySet":
        """Still good, with an end, and not announced to anybody yet."""
        return self.open().filter(expires_at__gt=EngineNow(), noticed_at=None)


class Lot(models.Model):
    """Points that became available together and expire together. Guarded by its account's lock."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lots")
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="lots")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, help_text="Never, when empty.")
    noticed_at = models.DateTimeField(null=True, help_text="When the member was to be warned.")
    created_at = models.DateTimeField(db_default=EngineNow())

    objects = LotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("amount"), amount__gt=0),
                name="lot_remains_within_its_amount",
            ),
        ]
        indexes = [
            # What can still be taken: small however many lots were used up.
            models.Index(fields=["account"], name="lot_open", condition=Q(remaining__gt=0)),
            models.Index(
                fields=["expires_at"],
                name="lot_expiring",
                condition=Q(remaining__gt=0, expires_at__isnull=False),
            ),
            models.Index(
                fields=["expires_at"],
                name="lot_to_announce",
                condition=Q(remaining__gt=0, expires_at__isnull=False, noticed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount}"


class Taking(models.Model):
    """Points that one transfer took out of one lot, so that giving them back finds their lot again.

    Guarded by the lock of the member's accounts.
    """

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="takings")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="takings")
    amount = models.BigIntegerField()
    returned = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "lot"], name="one_taking_per_transfer_and_lot"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, returned__gte=0, returned__lte=F("amount")),
                name="taking_returns_at_most_itself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.lot_id}"
