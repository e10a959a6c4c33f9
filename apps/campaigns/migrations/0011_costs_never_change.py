"""A cost is entered once and for good; the database keeps that, and what a reversal takes back."""

from django.db import migrations

# Not TRUNCATE: emptying a test database is no rewriting of history.
REFUSE_CHANGE = """
CREATE FUNCTION campaign_cost_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'costs never change: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER campaign_cost_immutable BEFORE UPDATE OR DELETE ON campaigns_campaigncost
    FOR EACH ROW EXECUTE FUNCTION campaign_cost_refuse_change();

CREATE FUNCTION campaign_cost_reversal_mirrors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM campaigns_campaigncost cost
        WHERE cost.id = NEW.reverses_id AND cost.reverses_id IS NULL
          AND cost.campaign_id = NEW.campaign_id AND cost.amount_minor = -NEW.amount_minor
    ) THEN
        RAISE EXCEPTION 'a reversal takes back one cost, all of it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER campaign_cost_reversal BEFORE INSERT ON campaigns_campaigncost
    FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL)
    EXECUTE FUNCTION campaign_cost_reversal_mirrors();
"""
ALLOW_CHANGE = """
DROP TRIGGER campaign_cost_reversal ON campaigns_campaigncost;
DROP FUNCTION campaign_cost_reversal_mirrors();
DROP TRIGGER campaign_cost_immutable ON campaigns_campaigncost;
DROP FUNCTION campaign_cost_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0010_costs")]

    operations = [migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE)]
