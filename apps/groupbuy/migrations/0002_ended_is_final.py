from django.db import migrations

ADD = """
CREATE FUNCTION room_ended_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'room % has ended as %: that is final', OLD.public_id, OLD.status
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER room_ended_is_final
  BEFORE UPDATE OF status, ended_at ON groupbuy_room
  FOR EACH ROW WHEN (
    OLD.status IN ('completed', 'failed', 'cancelled')
    AND (OLD.status, OLD.ended_at) IS DISTINCT FROM (NEW.status, NEW.ended_at)
  )
  EXECUTE FUNCTION room_ended_is_final();
"""
DROP = """
DROP TRIGGER room_ended_is_final ON groupbuy_room;
DROP FUNCTION room_ended_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("groupbuy", "0001_initial")]
    operations = [migrations.RunSQL(ADD, DROP)]
