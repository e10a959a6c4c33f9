import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """Null is off: campaigns that run show nobody anything new."""

    dependencies = [("campaigns", "0024_partners_budgets")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="leaderboard_size",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="How many of those who brought most are shown on phones, at most 100. Empty: none.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(100),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("leaderboard_size", None),
                    ("leaderboard_size__range", (1, 100)),
                    _connector="OR",
                ),
                name="campaign_leaderboard_size",
                violation_error_message="A leaderboard shows between 1 and 100 people.",
            ),
        ),
    ]
