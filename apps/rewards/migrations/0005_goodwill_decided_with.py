from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_policies_variants_audiences"),
        ("rewards", "0004_grant_costs_at_most_its_full_cost"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="goodwill",
            name="rewards_goodwill_needs_two_operators",
        ),
        migrations.RemoveConstraint(
            model_name="goodwill",
            name="rewards_goodwill_decided_by_somebody",
        ),
        migrations.RemoveConstraint(
            model_name="goodwill",
            name="goodwill_proposed_by_somebody",
        ),
        migrations.AddField(
            model_name="goodwill",
            name="decided_with",
            field=models.CharField(blank=True, help_text="The server key.", max_length=64),
        ),
        migrations.AlterField(
            model_name="goodwill",
            name="amount",
            field=models.PositiveBigIntegerField(
                help_text="For each member, in the units of its kind."
            ),
        ),
        migrations.AlterField(
            model_name="goodwill",
            name="unit_cost_minor",
            field=models.PositiveBigIntegerField(
                default=0, help_text="What each member's grant costs the budget, in minor units."
            ),
        ),
        migrations.AddIndex(
            model_name="goodwill",
            index=models.Index(
                condition=models.Q(("status", "proposed")), fields=["id"], name="goodwill_to_decide"
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    ("proposed_by", None),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="goodwill_needs_two_operators",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_with", ""),
                    models.Q(("decided_with", models.F("proposed_with")), _negated=True),
                    _connector="OR",
                ),
                name="goodwill_needs_two_keys",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proposed_with", ""), ("proposed_by__isnull", False)),
                    models.Q(models.Q(("proposed_with", ""), _negated=True), ("proposed_by", None)),
                    _connector="OR",
                ),
                name="goodwill_proposed_by_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at", None),
                        ("decided_by", None),
                        ("decided_with", ""),
                        ("status", "proposed"),
                    ),
                    models.Q(
                        models.Q(("status", "proposed"), _negated=True),
                        ("decided_at__isnull", False),
                        models.Q(
                            models.Q(("decided_by__isnull", False), ("decided_with", "")),
                            models.Q(
                                models.Q(("decided_with", ""), _negated=True), ("decided_by", None)
                            ),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="goodwill_decided_by_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="goodwill",
            constraint=models.CheckConstraint(
                condition=models.Q(("done_at", None), ("status", "approved"), _connector="OR"),
                name="goodwill_done_only_once_approved",
            ),
        ),
    ]
