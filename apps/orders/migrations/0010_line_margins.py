from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="margin_minor",
            field=models.BigIntegerField(
                help_text="What of the amount is left after the goods' cost, if the shop told.",
                null=True,
            ),
        ),
    ]
