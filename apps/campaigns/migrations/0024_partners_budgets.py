from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0023_terms_of_beneficiaries")]
    operations = [
        migrations.AddField(
            model_name="budget",
            name="partner",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="A partner who pays for this, by the shop's own id: their statement shows it. Empty: the shop itself.",
                max_length=100,
                verbose_name="paid by",
            ),
        ),
    ]
