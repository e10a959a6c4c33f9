"""The accounts at the ledger's edges: where points come from and where they end."""

from typing import Any

from django.db import migrations

PURPOSES = ("issuance", "expired", "spent", "adjustment")


def create(apps: Any, schema_editor: Any) -> None:
    account = apps.get_model("points", "Account")
    account.objects.bulk_create(
        [account(member=None, purpose=purpose) for purpose in PURPOSES], ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [("points", "0002_transfers_never_change")]

    # Backwards nothing: the rows go with their table.
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
