import datetime

import django.db.models.functions.datetime
from django.db import migrations, models

_NAME = "visitor_counted_once_an_hour"


class Migration(migrations.Migration):
    """Beside whoever opens links meanwhile, hence concurrently and outside a transaction."""

    atomic = False
    dependencies = [("invites", "0010_visit_device_and_visitor")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {_NAME}", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    f"""CREATE UNIQUE INDEX CONCURRENTLY {_NAME} ON invites_visit (
                          link_id, visitor, (date_trunc('hour', opened_at AT TIME ZONE 'UTC')))
                        WHERE skipped = '' AND visitor <> ''""",
                    f"DROP INDEX CONCURRENTLY {_NAME}",
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="visit",
                    constraint=models.UniqueConstraint(
                        models.F("link"),
                        models.F("visitor"),
                        django.db.models.functions.datetime.TruncHour(
                            "opened_at", tzinfo=datetime.UTC
                        ),
                        condition=models.Q(
                            ("skipped", ""), models.Q(("visitor", ""), _negated=True)
                        ),
                        name=_NAME,
                    ),
                ),
            ],
        ),
    ]
