from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0012_watches")]

    operations = [
        migrations.AddField(
            model_name="audience",
            name="of_partners",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whoever is on it is kept out of the draw of variants.",
            ),
        ),
    ]
