"""Where a campaign's links lead on each platform, and the pictures they carry."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0004_group_discounts_in_budget"),
        ("invites", "0007_links_beside_the_default"),
    ]

    operations = [
        migrations.CreateModel(
            name="Landing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "logo",
                    models.BinaryField(
                        blank=True, help_text="PNG, in the middle of QR codes.", null=True
                    ),
                ),
                (
                    "picture",
                    models.BinaryField(
                        blank=True, help_text="JPEG, on posters and cards.", null=True
                    ),
                ),
                ("updated_at", models.DateTimeField(db_default=apps.core.clock.EngineNow())),
            ],
            options={
                "verbose_name": "landing",
            },
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        choices=[
                            ("wechat", "inside WeChat"),
                            ("ios", "iPhone or iPad"),
                            ("android", "Android or HarmonyOS"),
                            ("desktop", "anything else"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        help_text="https:// or an app's scheme. {visit}, {code} and {query} are filled in.",
                        max_length=500,
                    ),
                ),
                (
                    "store_address",
                    models.CharField(
                        blank=True,
                        help_text="Where those get the app who have not got it; {query} lets it remember the link.",
                        max_length=500,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="landing",
            name="campaign",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="landing",
                to="campaigns.campaign",
            ),
        ),
        migrations.AddField(
            model_name="target",
            name="landing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="targets",
                to="invites.landing",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                fields=("landing", "platform"),
                name="target_once_per_platform",
                violation_error_message="There is one target for each platform.",
            ),
        ),
    ]
