from django.db import migrations

# STABLE lets `due_at <= engine_now()` use an index; each statement after a lock reads it anew.
# Tests move time by replacing the function; no setting of a session can.
CREATE = """
CREATE FUNCTION engine_now() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT clock_timestamp()'
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION engine_now()")]
