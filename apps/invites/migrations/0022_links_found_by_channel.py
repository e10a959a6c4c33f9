from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Few links have a channel; those a shop asks for by it."""

    atomic = False
    dependencies = [("invites", "0021_own_links_by_channel")]
    operations = [
        AddIndexConcurrently(
            "link",
            models.Index(fields=["channel"], name="link_of_channel", condition=~Q(channel="")),
        ),
    ]
