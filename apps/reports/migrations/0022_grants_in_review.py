from django.db import migrations

_NAME = "grant_in_review"


class Migration(migrations.Migration):
    """Who stands in no leaderboard is found at once, however many grants a campaign has.

    It stands on a table of rewards, and here because only reports read it. Built beside whoever
    earns meanwhile, hence concurrently and outside a transaction.
    """

    atomic = False
    dependencies = [("reports", "0021_programme"), ("rewards", "0006_who_old_decisions_are_about")]

    operations = [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {_NAME}", migrations.RunSQL.noop),
        migrations.RunSQL(
            f"""CREATE INDEX CONCURRENTLY {_NAME} ON rewards_grant (campaign_id, member_id)
                WHERE status = 'review'""",
            f"DROP INDEX CONCURRENTLY {_NAME}",
        ),
    ]
