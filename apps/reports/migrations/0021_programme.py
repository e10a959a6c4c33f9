import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.clock


class Migration(migrations.Migration):
    """Programme reports, each with its date. A new table."""

    dependencies = [
        ("reports", "0020_participants_by_confirmation"),
        ("core", "0001_engine_now"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Programme",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField(db_default=apps.core.clock.EngineNow())),
                ("started_at", models.DateTimeField(null=True)),
                ("computed_at", models.DateTimeField(null=True)),
                ("figures", models.JSONField(null=True)),
                (
                    "error",
                    models.CharField(blank=True, help_text="Of the last try.", max_length=300),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        help_text="Empty: it was its time.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "programme report",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("computed_at", None)),
                        fields=("computed_at",),
                        name="programme_waits_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("computed_at", None), ("figures", None)),
                            models.Q(("computed_at__isnull", False), ("figures__isnull", False)),
                            _connector="OR",
                        ),
                        name="programme_computed_with_figures",
                    ),
                ],
            },
        ),
    ]
