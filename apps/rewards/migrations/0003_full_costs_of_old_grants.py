"""What grants of before cost when they were made: their points at the campaign's cost."""

from django.db import migrations

FILL = """
UPDATE rewards_grant g SET full_cost_minor = greatest(
    g.cost_minor, (2 * g.amount * c.cost_of_1000_points_minor + 1000) / 2000)
FROM campaigns_campaign c WHERE c.id = g.campaign_id
"""


class Migration(migrations.Migration):
    dependencies = [("rewards", "0002_award_kinds")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
