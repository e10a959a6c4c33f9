import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Grants by the days they were made and settled. New tables, filled from the first grant on."""

    dependencies = [("reports", "0041_rates_of_sales"), ("campaigns", "0005_qualification_window")]

    operations = [
        migrations.CreateModel(
            name="GrantMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("grant_id", models.BigIntegerField()),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["campaign", "id"], name="grant_mark_of_campaign")],
            },
        ),
        migrations.CreateModel(
            name="Given",
            fields=[
                ("grant_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=8)),
                ("status", models.CharField(max_length=11)),
                ("granted_day", models.DateTimeField()),
                ("settled_day", models.DateTimeField(null=True)),
                ("kept", models.BigIntegerField()),
                ("cost", models.BigIntegerField()),
                ("clawed_back", models.BigIntegerField()),
                ("voided", models.BigIntegerField()),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reward",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "moment",
                    models.CharField(
                        choices=[("granted", "Granted"), ("settled", "Settled")], max_length=7
                    ),
                ),
                ("day", models.DateTimeField()),
                ("kind", models.CharField(max_length=8)),
                ("status", models.CharField(max_length=11)),
                ("grants", models.PositiveIntegerField()),
                ("kept", models.BigIntegerField()),
                ("cost", models.BigIntegerField()),
                ("clawed_back", models.BigIntegerField()),
                ("voided", models.BigIntegerField()),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("campaign", "moment", "day", "kind", "status"), name="reward_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("grants__gt", 0)), name="reward_of_a_grant"
                    ),
                ],
            },
        ),
    ]
