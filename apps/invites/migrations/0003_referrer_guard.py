from django.db import migrations

# The campaign is a forest because a participant with referees never changes their referrer. A plain
# FOR UPDATE, not NO KEY: a new referee takes KEY SHARE on its referrer, and only the former waits
# for the latter. The EXISTS reads anew after the wait (READ COMMITTED).
ADD = """
CREATE FUNCTION participant_referrer_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM invites_participant
    WHERE id IN (NEW.id, NEW.referrer_id) ORDER BY id FOR UPDATE;
  IF EXISTS (SELECT 1 FROM invites_participant WHERE referrer_id = NEW.id) THEN
    RAISE EXCEPTION 'participant % has referees: its referrer is fixed', NEW.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER participant_referrer_guard
  BEFORE UPDATE OF referrer_id ON invites_participant
  FOR EACH ROW WHEN (OLD.referrer_id IS DISTINCT FROM NEW.referrer_id)
  EXECUTE FUNCTION participant_referrer_guard();
"""
DROP = """
DROP TRIGGER participant_referrer_guard ON invites_participant;
DROP FUNCTION participant_referrer_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("invites", "0002_referrer_in_same_campaign")]
    operations = [migrations.RunSQL(ADD, DROP)]
