import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Friends are read a page at a time, the newest first; the index of the bare column goes."""

    atomic = False
    dependencies = [("invites", "0015_overrides")]
    operations = [
        AddIndexConcurrently(
            "participant",
            models.Index(
                fields=["referrer", "id"],
                name="participant_friends",
                condition=Q(referrer__isnull=False),
            ),
        ),
        migrations.AlterField(
            "participant",
            "referrer",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="referees",
                to="invites.participant",
            ),
        ),
    ]
