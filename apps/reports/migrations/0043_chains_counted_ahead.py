import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The chains of mature participants as they were counted last. A new table."""

    dependencies = [
        ("reports", "0042_what_rewards_cost"),
        ("campaigns", "0005_qualification_window"),
    ]

    operations = [
        migrations.CreateModel(
            name="MatureChain",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="campaigns.campaign",
                    ),
                ),
                ("within", models.DurationField()),
                ("steps", models.JSONField(help_text="Names and counts.")),
                ("counted_at", models.DateTimeField()),
            ],
        ),
    ]
