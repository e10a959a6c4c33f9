"""Growth is written once and for good; the database keeps that."""

from django.db import migrations

# Not TRUNCATE: emptying a test database is no rewriting of history.
REFUSE_CHANGE = """
CREATE FUNCTION growth_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'growth entries never change: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER growth_entry_immutable BEFORE UPDATE OR DELETE ON tiers_growthentry
    FOR EACH ROW EXECUTE FUNCTION growth_refuse_change();
"""
ALLOW_CHANGE = """
DROP TRIGGER growth_entry_immutable ON tiers_growthentry;
DROP FUNCTION growth_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tiers", "0001_schema")]

    operations = [migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE)]
