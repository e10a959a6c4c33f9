"""A member may have a link of their own for each channel, besides the one without.

Built while the table is in use: nothing waits for it but the dropping of the old key.
"""

from django.db import migrations, models

DROP = "DROP INDEX CONCURRENTLY IF EXISTS link_own_once_per_channel"
ADD = """
CREATE UNIQUE INDEX CONCURRENTLY link_own_once_per_channel
ON invites_link (participant_id, room, channel) WHERE is_default
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invites", "0020_links_of_those_before")]
    operations = [
        migrations.SeparateDatabaseAndState(
            # What a run that broke off left behind is not valid.
            database_operations=[migrations.RunSQL([DROP, ADD], DROP)],
            state_operations=[
                migrations.AddConstraint(
                    model_name="link",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("participant", "room", "channel"),
                        name="link_own_once_per_channel",
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(model_name="link", name="link_default_once_per_target"),
    ]
