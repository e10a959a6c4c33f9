from django.db import migrations, models


class Migration(migrations.Migration):
    """Forecasts are counted ahead too. A longer varchar: PostgreSQL changes its catalogue alone."""

    dependencies = [("reports", "0043_counted_ahead")]

    operations = [
        migrations.AlterField(
            model_name="ahead",
            name="what",
            field=models.CharField(
                choices=[("chain", "Chain"), ("seeds", "Seeds"), ("forecast", "Forecast")],
                max_length=8,
            ),
        ),
    ]
