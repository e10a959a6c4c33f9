from django.db import migrations

# Whoever puts members on a list or takes them off, in whatever way, leaves the spells behind. A list
# or a member that is deleted takes its spells along.
ADD = """
CREATE FUNCTION audience_spells_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO campaigns_audiencespell (audience_id, member_id, since)
  SELECT audience_id, member_id, engine_now() FROM added
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE FUNCTION audience_spells_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE campaigns_audiencespell spell SET until = engine_now()
  FROM removed
  WHERE spell.audience_id = removed.audience_id AND spell.member_id = removed.member_id
    AND spell.until IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER audience_spells_begin AFTER INSERT ON campaigns_audiencemember
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION audience_spells_begin();
CREATE TRIGGER audience_spells_end AFTER DELETE ON campaigns_audiencemember
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION audience_spells_end();
"""
DROP = """
DROP TRIGGER audience_spells_begin ON campaigns_audiencemember;
DROP TRIGGER audience_spells_end ON campaigns_audiencemember;
DROP FUNCTION audience_spells_begin();
DROP FUNCTION audience_spells_end();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0020_audience_spells")]
    operations = [migrations.RunSQL(ADD, DROP)]
