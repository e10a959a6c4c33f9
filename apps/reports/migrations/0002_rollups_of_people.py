import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_qualification_window"),
        ("reports", "0001_people_as_counted"),
    ]

    operations = [
        migrations.CreateModel(
            name="Arrival",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateTimeField()),
                ("variant", models.CharField(max_length=20)),
                ("generation", models.PositiveIntegerField()),
                ("people", models.PositiveIntegerField()),
                ("confirmed", models.PositiveIntegerField()),
                ("brought", models.PositiveIntegerField()),
                ("buyers", models.PositiveIntegerField()),
                ("orders", models.PositiveIntegerField()),
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
                        fields=("campaign", "day", "variant", "generation"), name="arrival_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("people__gt", 0)), name="arrival_of_somebody"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Cell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "grain",
                    models.CharField(choices=[("day", "Day"), ("hour", "Hour")], max_length=4),
                ),
                ("slot", models.DateTimeField()),
                ("variant", models.CharField(max_length=20)),
                ("generation", models.PositiveIntegerField()),
                ("referees", models.PositiveIntegerField()),
                ("people", models.PositiveIntegerField()),
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
                        fields=("campaign", "grain", "slot", "variant", "generation", "referees"),
                        name="cell_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("people__gt", 0)), name="cell_of_somebody"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Root",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateTimeField()),
                ("variant", models.CharField(max_length=20)),
                ("generation", models.PositiveIntegerField()),
                ("bucket", models.PositiveSmallIntegerField()),
                ("people", models.PositiveIntegerField()),
                ("referees", models.PositiveIntegerField()),
                ("buyers", models.PositiveIntegerField()),
                ("orders", models.PositiveIntegerField()),
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
                        fields=("campaign", "day", "variant", "generation", "bucket"),
                        name="root_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("people__gt", 0)), name="root_of_somebody"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pair",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "grain",
                    models.CharField(choices=[("day", "Day"), ("hour", "Hour")], max_length=4),
                ),
                ("slot", models.DateTimeField()),
                ("variant", models.CharField(max_length=20)),
                ("delay", models.PositiveIntegerField()),
                ("pairs", models.PositiveIntegerField()),
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
                        fields=("campaign", "grain", "slot", "variant", "delay"),
                        name="pair_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pairs__gt", 0)), name="pair_of_somebody"
                    ),
                ],
            },
        ),
    ]
