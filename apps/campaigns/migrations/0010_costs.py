from functools import partial

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.clock
import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_qualification_window"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignCost",
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
                        default=partial(apps.core.ids.new_id, "cst"), max_length=32, unique=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ads", "Ads"),
                            ("partner_fee", "A partner's fee"),
                            ("other", "Something else"),
                        ],
                        max_length=11,
                    ),
                ),
                ("amount_minor", models.BigIntegerField(help_text="Below zero for a reversal.")),
                ("first_day", models.DateField()),
                (
                    "last_day",
                    models.DateField(help_text="The same as the first for a cost of one day."),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "entered_with",
                    models.CharField(blank=True, help_text="The server key.", max_length=64),
                ),
                ("entered_at", models.DateTimeField(db_default=apps.core.clock.EngineNow())),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="costs",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversal",
                        to="campaigns.campaigncost",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount_minor__gt", 0), ("reverses", None)),
                            models.Q(("amount_minor__lt", 0), ("reverses__isnull", False)),
                            _connector="OR",
                        ),
                        name="cost_takes_and_reversal_gives_back",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="cost_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("entered_by", None),
                                models.Q(("entered_with", ""), _negated=True),
                            ),
                            models.Q(("entered_by__isnull", False), ("entered_with", "")),
                            _connector="OR",
                        ),
                        name="cost_by_an_operator_or_a_key",
                    ),
                ],
            },
        ),
    ]
