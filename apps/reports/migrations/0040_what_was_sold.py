import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What was sold, by day and by the buyers' age. New tables."""

    dependencies = [("reports", "0030_shared_reports"), ("campaigns", "0005_qualification_window")]

    operations = [
        migrations.CreateModel(
            name="Sold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("participant_id", models.BigIntegerField()),
                ("day", models.DateTimeField()),
                ("age", models.PositiveIntegerField(null=True)),
                ("source", models.CharField(max_length=7)),
                ("revenue", models.DecimalField(decimal_places=6, max_digits=30)),
                ("refunded", models.DecimalField(decimal_places=6, max_digits=30)),
                ("margin", models.DecimalField(decimal_places=6, max_digits=30)),
                ("discount", models.DecimalField(decimal_places=6, max_digits=30)),
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
                "indexes": [
                    models.Index(fields=["campaign", "participant_id"], name="sold_to_participant")
                ],
            },
        ),
        migrations.CreateModel(
            name="Sale",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateTimeField()),
                ("variant", models.CharField(max_length=20)),
                ("source", models.CharField(max_length=7)),
                ("parts", models.PositiveIntegerField()),
                ("revenue", models.DecimalField(decimal_places=6, max_digits=30)),
                ("refunded", models.DecimalField(decimal_places=6, max_digits=30)),
                ("margin", models.DecimalField(decimal_places=6, max_digits=30)),
                ("discount", models.DecimalField(decimal_places=6, max_digits=30)),
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
                        fields=("campaign", "day", "variant", "source"), name="sale_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("parts__gt", 0)), name="sale_of_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Earning",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateTimeField()),
                ("variant", models.CharField(max_length=20)),
                ("age", models.PositiveIntegerField()),
                ("parts", models.PositiveIntegerField()),
                ("margin", models.DecimalField(decimal_places=6, max_digits=30)),
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
                        fields=("campaign", "day", "variant", "age"), name="earning_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("parts__gt", 0)), name="earning_of_something"
                    ),
                ],
            },
        ),
    ]
