import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A fee may say whose it is; those of before say nothing."""

    dependencies = [
        ("campaigns", "0030_leaderboard_size"),
        ("members", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaigncost",
            name="partner",
            field=models.ForeignKey(
                help_text="Whose fee it is: their statement shows it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="fees",
                to="members.member",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaigncost",
            constraint=models.CheckConstraint(
                condition=models.Q(("partner", None), ("kind", "partner_fee"), _connector="OR"),
                name="cost_of_a_partner_is_a_fee",
            ),
        ),
    ]
