import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0010_line_margins"),
    ]

    operations = [
        migrations.CreateModel(
            name="MarginRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "tag",
                    models.CharField(
                        blank=True,
                        help_text="Empty: whatever has no rate of its own.",
                        max_length=60,
                        unique=True,
                    ),
                ),
                (
                    "rate_bps",
                    models.PositiveIntegerField(
                        help_text="In hundredths of a percent: 2500 = 25 %.",
                        validators=[django.core.validators.MaxValueValidator(10000)],
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rate_bps__lte", 10000)),
                        name="margin_rate_is_a_share",
                    )
                ],
            },
        ),
    ]
