from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import invariants


class Command(BaseCommand):
    help = (
        "Verify every invariant with SQL; exits 1 and shows the offending rows when one is broken."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        breaches = invariants.breaches()
        for breach in breaches:
            self.stderr.write(f"{breach.invariant.number}. {breach.invariant.promise}: BROKEN")
            self.stderr.write("   " + ", ".join(breach.columns))
            for row in breach.rows:
                self.stderr.write("   " + ", ".join(str(value) for value in row))
        if breaches:
            raise CommandError(f"{len(breaches)} invariants are broken.")
        self.stdout.write(f"{len(invariants.registered())} invariants hold.")
