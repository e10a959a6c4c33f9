"""Links are found by what they are of, and by their room. Built while the table is in use."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("invites", "0008_landings"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="link",
            index=models.Index(
                condition=models.Q(("is_default", False)),
                fields=["kind", "reference"],
                name="link_made",
            ),
        ),
        AddIndexConcurrently(
            model_name="link",
            index=models.Index(
                condition=models.Q(("room", ""), _negated=True),
                fields=["room"],
                name="link_of_room",
            ),
        ),
    ]
