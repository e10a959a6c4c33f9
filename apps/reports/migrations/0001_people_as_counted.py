import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("campaigns", "0005_qualification_window")]

    operations = [
        migrations.CreateModel(
            name="Rolled",
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
                ("time_zone", models.CharField(max_length=64)),
                ("window_minutes", models.PositiveIntegerField()),
                ("hours_since", models.DateTimeField()),
                ("rebuilt_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("participant_id", models.BigIntegerField()),
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
                "indexes": [models.Index(fields=["campaign", "id"], name="mark_of_campaign")],
            },
        ),
        migrations.CreateModel(
            name="Counted",
            fields=[
                ("participant_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("referrer_id", models.BigIntegerField(null=True)),
                ("variant", models.CharField(max_length=20)),
                ("generation", models.PositiveIntegerField()),
                (
                    "bucket",
                    models.PositiveSmallIntegerField(help_text="Of the root: its id modulo 64."),
                ),
                ("joined_day", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("day", models.DateTimeField(null=True)),
                ("hour", models.DateTimeField(null=True)),
                ("orders", models.PositiveIntegerField()),
                ("delay", models.PositiveIntegerField(null=True)),
                ("referees", models.PositiveIntegerField()),
                ("late", models.PositiveIntegerField()),
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
                    models.Index(fields=["campaign"], name="counted_of_campaign"),
                    models.Index(
                        condition=models.Q(("referrer_id__isnull", False)),
                        fields=["referrer_id"],
                        name="counted_friends",
                    ),
                ],
            },
        ),
    ]
