"""Decisions of before are found by member too."""

from django.db import migrations

FILL = """
UPDATE rewards_decision d SET members = coalesce(
    (SELECT array_agg(DISTINCT named.member::bigint) FROM (
        SELECT jsonb_array_elements_text(person.value) AS member FROM jsonb_each(d.facts -> 'people') person
        UNION
        SELECT award ->> 'member_id' FROM jsonb_array_elements(d.awards) award) named), '{}')
WHERE members = '{}'
"""


class Migration(migrations.Migration):
    dependencies = [("rewards", "0005_goodwill_decided_with")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
