"""Who somebody is: members, the identities that lead to them, and the keys shops call with."""

from functools import partial

from django.db import models
from django.db.models import Q

from apps.core.clock import EngineNow
from apps.core.ids import new_id


class Member(models.Model):
    """A shopper. Holds no personal field: those live in the one erasable `Profile`."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "mem"))
    is_test = models.BooleanField(default=False)
    first_order_at = models.DateTimeField(
        null=True, blank=True, help_text="The shop's own record of a first order before the engine."
    )
    created_at = models.DateTimeField(db_default=EngineNow())

    def __str__(self) -> str:
        return self.public_id


class Identity(models.Model):
    """One way to recognise a member. Live and test identities never meet."""

    class Kind(models.TextChoices):
        EXTERNAL_ID = "external_id", "The shop's own id"
        OPENID = "openid", "Mini-program openid"
        UNIONID = "unionid", "WeChat unionid"
        PHONE = "phone", "Phone (hashed)"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    namespace = models.CharField(max_length=64, blank=True, help_text="The mini-program's app id.")
    value = models.CharField(max_length=128)
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(
                fields=["is_test", "kind", "namespace", "value"],
                name="identity_leads_to_one_member",
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(kind="external_id"),
                name="one_external_id_per_member",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class Profile(models.Model):
    """What a member wants to be shown as; may be erased without touching any fact."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="profile")
    nickname = models.CharField(max_length=64, blank=True)
    avatar_url = models.URLField(max_length=500, blank=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.nickname or "—"


class ServerKey(models.Model):
    """A shop backend's credential. Only its SHA-256 is kept; the key itself is shown once."""

    SCOPES = ("members", "campaigns", "orders", "groupbuy", "rewards", "webhooks", "reports")

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "key"))
    name = models.CharField(max_length=80)
    hashed = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=16, help_text="The key's beginning, to recognise it by.")
    scopes = models.JSONField(default=list)
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=EngineNow())
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"
