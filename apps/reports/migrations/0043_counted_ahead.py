import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What does not add up by days, as it was counted last. A new table."""

    dependencies = [
        ("reports", "0042_what_rewards_cost"),
        ("campaigns", "0005_qualification_window"),
    ]

    operations = [
        migrations.CreateModel(
            name="Ahead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[("chain", "Chain"), ("seeds", "Seeds")], max_length=5
                    ),
                ),
                ("within", models.DurationField()),
                ("counted", models.JSONField()),
                ("took", models.DurationField()),
                ("counted_at", models.DateTimeField()),
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
                    models.UniqueConstraint(fields=("campaign", "what"), name="ahead_once")
                ],
            },
        ),
    ]
