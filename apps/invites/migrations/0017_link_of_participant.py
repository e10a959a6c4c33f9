import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Which link brought a participant. Empty for those who came before this."""

    atomic = False
    dependencies = [("invites", "0016_friends_in_turn")]
    operations = [
        migrations.AddField(
            "participant",
            "link",
            models.ForeignKey(
                db_index=False,
                help_text="The referrer's link that brought them, where one did.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="brought",
                to="invites.link",
            ),
        ),
        AddIndexConcurrently(
            "participant",
            models.Index(
                fields=["link"], name="participant_by_link", condition=Q(link__isnull=False)
            ),
        ),
    ]
