import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_qualification_window"),
        ("reports", "0002_rollups_of_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="Journal",
            fields=[
                ("source", models.CharField(max_length=12, primary_key=True, serialize=False)),
                ("settled_id", models.BigIntegerField(default=0)),
                ("noted_id", models.BigIntegerField(default=0)),
                (
                    "writers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reach",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateTimeField()),
                ("links", models.PositiveIntegerField(default=0)),
                ("intents", models.PositiveIntegerField(default=0)),
                ("visits", models.PositiveIntegerField(default=0)),
                (
                    "skipped",
                    models.PositiveIntegerField(default=0, help_text="Visits that count nowhere."),
                ),
                ("linkers", models.IntegerField(default=0)),
                ("sharers", models.IntegerField(default=0)),
                ("opened", models.IntegerField(default=0)),
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
                    models.UniqueConstraint(fields=("campaign", "day"), name="reach_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Owner",
            fields=[
                ("participant_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("linked", models.DateTimeField(null=True)),
                ("shared", models.DateTimeField(null=True)),
                ("opened", models.DateTimeField(null=True)),
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
    ]
