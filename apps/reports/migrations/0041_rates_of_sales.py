from django.db import migrations, models


class Migration(migrations.Migration):
    """The margin rates by which a campaign's sales were counted. Empty, so that all of them are."""

    dependencies = [("reports", "0040_what_was_sold")]

    operations = [
        migrations.AddField(
            model_name="rolled",
            name="rates",
            field=models.JSONField(help_text="Margin rates in basis points, by tag.", null=True),
        ),
    ]
