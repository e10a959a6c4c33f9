"""A participant may have more links than the one they ask for, which stays the only one of its kind.

Built while the table is in use: nothing waits for it but the dropping of the old key.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("invites", "0006_link_terms"),
    ]

    operations = [
        ValidateConstraint(model_name="link", name="link_expires_after_start"),
        ValidateConstraint(model_name="link", name="link_opens_once_at_least"),
        ValidateConstraint(model_name="link", name="link_default_has_no_terms"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    [
                        # What a run that broke off left behind is not valid.
                        "DROP INDEX CONCURRENTLY IF EXISTS link_default_once_per_target",
                        (
                            "CREATE UNIQUE INDEX CONCURRENTLY link_default_once_per_target "
                            "ON invites_link (participant_id, room) WHERE is_default"
                        ),
                    ],
                    "DROP INDEX CONCURRENTLY IF EXISTS link_default_once_per_target",
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="link",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("participant", "room"),
                        name="link_default_once_per_target",
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="link",
            name="link_once_per_target",
        ),
    ]
