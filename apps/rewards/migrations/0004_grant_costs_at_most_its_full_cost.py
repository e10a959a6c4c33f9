from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rewards", "0003_full_costs_of_old_grants")]
    operations = [
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(cost_minor__gte=0, cost_minor__lte=models.F("full_cost_minor")),
                name="grant_costs_at_most_its_full_cost",
            ),
        ),
    ]
