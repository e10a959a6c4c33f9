import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0022_audience_spells_of_before")]
    operations = [
        migrations.AddField(
            model_name="policy",
            name="beneficiary_audience",
            field=models.ForeignKey(
                blank=True,
                help_text="Terms of those on this list: whoever gets the award is asked, not whoever acts.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.audience",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="excluded_beneficiary_audience",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.audience",
            ),
        ),
    ]
