"""Why somebody published against a finding is kept for good."""

from django.db import migrations

# Not TRUNCATE: emptying a test database is no rewriting of history.
REFUSE_CHANGE = """
CREATE FUNCTION campaigns_refuse_override_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'compliance overrides are kept for good: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER campaigns_override_immutable BEFORE UPDATE OR DELETE ON campaigns_complianceoverride
    FOR EACH ROW EXECUTE FUNCTION campaigns_refuse_override_change();
"""
ALLOW_CHANGE = """
DROP TRIGGER campaigns_override_immutable ON campaigns_complianceoverride;
DROP FUNCTION campaigns_refuse_override_change();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_policies_variants_audiences")]

    operations = [migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE)]
