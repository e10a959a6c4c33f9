from django.db import migrations

# After the triggers: whoever comes on a list meanwhile has a spell already.
FILL = """
INSERT INTO campaigns_audiencespell (audience_id, member_id, since)
SELECT audience_id, member_id, added_at FROM campaigns_audiencemember
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0021_audience_spells_kept")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
