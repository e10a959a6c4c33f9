"""What was planned of a comparison; fixed once the campaign is shown, for it holds at every look only
because it was made before the first."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.campaigns.models.campaigns
import apps.core.clock

FIX = """
CREATE FUNCTION experiment_plan_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM campaigns_campaign
        WHERE id = NEW.campaign_id AND status <> 'draft'
          AND coalesce(shown_from, starts_at) <= engine_now()
    ) THEN
        RAISE EXCEPTION 'the experiment of this campaign has begun: its plan is fixed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER experiment_plan_fixed BEFORE INSERT OR UPDATE ON campaigns_experimentplan
    FOR EACH ROW EXECUTE FUNCTION experiment_plan_is_fixed();
"""
LET = """
DROP TRIGGER experiment_plan_fixed ON campaigns_experimentplan;
DROP FUNCTION experiment_plan_is_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0013_audiences_of_partners"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExperimentPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "baseline",
                    models.FloatField(
                        help_text="Conversions per seed without the change, as expected."
                    ),
                ),
                (
                    "detectable",
                    models.FloatField(help_text="The difference per seed that is worth finding."),
                ),
                (
                    "seeds_per_day",
                    models.FloatField(help_text="How many seeds join in a day, as expected."),
                ),
                (
                    "window",
                    models.DurationField(
                        help_text="What counts of a seed's tree, from its joining.",
                        validators=[apps.campaigns.models.campaigns.validate_positive],
                    ),
                ),
                (
                    "seeds_per_arm",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                ("planned_at", models.DateTimeField(db_default=apps.core.clock.EngineNow())),
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plan",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "planned_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("baseline__gt", 0),
                            ("detectable__gt", 0),
                            ("seeds_per_day__gt", 0),
                            ("seeds_per_arm__gt", 0),
                        ),
                        name="plan_has_something_to_find",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FIX, LET),
    ]
