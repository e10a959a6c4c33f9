from django.db import migrations

BATCH = 5_000

# The link of the touch that won, as the newest trace says, where it is the referrer's. Participants
# whom an operator moved, or whom history brought, came by no link.
FILL = """
UPDATE invites_participant participant SET link_id = link.id
FROM invites_trace trace
CROSS JOIN LATERAL jsonb_array_elements(trace.candidates) AS candidate
JOIN invites_touch touch ON touch.id = (candidate ->> 'touch')::bigint
JOIN invites_link link ON link.id = touch.link_id
WHERE participant.id > %s AND participant.id <= %s
  AND participant.link_id IS NULL AND participant.referrer_id = link.participant_id
  AND trace.id = (
    SELECT max(id) FROM invites_trace newest WHERE newest.participant_id = participant.id
  )
  AND candidate ->> 'verdict' = 'won'
"""


def fill(apps, schema_editor):
    """A few thousand at a time, each in a transaction of its own: nobody waits for long."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM invites_participant")
        [last] = cursor.fetchone()
        for start in range(0, last, BATCH):
            cursor.execute(FILL, [start, start + BATCH])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invites", "0018_shares")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
