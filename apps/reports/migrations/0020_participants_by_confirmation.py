from django.db import migrations

_NAME = "participant_brought"


class Migration(migrations.Migration):
    """All that a leaderboard reads, in an index of its own: who was brought, by whom, and when.

    It stands on a table of invites, and here because only reports read it. Built beside whoever
    joins meanwhile, hence concurrently and outside a transaction.
    """

    atomic = False
    dependencies = [("reports", "0003_rollups_of_links"), ("invites", "0018_shares")]

    operations = [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {_NAME}", migrations.RunSQL.noop),
        migrations.RunSQL(
            f"""CREATE INDEX CONCURRENTLY {_NAME}
                ON invites_participant (campaign_id, confirmed_at) INCLUDE (referrer_id)
                WHERE status = 'confirmed' AND referrer_id IS NOT NULL""",
            f"DROP INDEX CONCURRENTLY {_NAME}",
        ),
    ]
