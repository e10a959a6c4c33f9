"""The ledger's first promise, kept by the database: a transfer is written once and for good."""

from django.db import migrations

# Not TRUNCATE: emptying a test database is no rewriting of history.
REFUSE_CHANGE = """
CREATE FUNCTION points_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'transfers never change: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER points_transfer_immutable BEFORE UPDATE OR DELETE ON points_transfer
    FOR EACH ROW EXECUTE FUNCTION points_refuse_change();
"""
ALLOW_CHANGE = """
DROP TRIGGER points_transfer_immutable ON points_transfer;
DROP FUNCTION points_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE)]
