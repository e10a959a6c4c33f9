import functools

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import apps.core.ids

_PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [
        ("invites", "0014_coupon_links"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Override",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(apps.core.ids.new_id, "ovr"),
                        max_length=32,
                        unique=True,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                (
                    "overridden_with",
                    models.CharField(blank=True, help_text="The server key.", max_length=64),
                ),
                ("overridden_at", models.DateTimeField()),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=_PROTECT, related_name="overrides", to="invites.participant"
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        help_text="The referrer.",
                        null=True,
                        on_delete=_PROTECT,
                        related_name="+",
                        to="invites.participant",
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        null=True, on_delete=_PROTECT, related_name="+", to="invites.participant"
                    ),
                ),
                (
                    "trace",
                    models.OneToOneField(
                        on_delete=_PROTECT, related_name="override", to="invites.trace"
                    ),
                ),
                (
                    "overridden_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=_PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(overridden_by=None) & ~Q(overridden_with="")
                        | Q(overridden_by__isnull=False, overridden_with=""),
                        name="override_by_an_operator_or_a_key",
                    ),
                    models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason"),
                ]
            },
        ),
    ]
