#!/usr/bin/env python
"""The command line of the engine: `python manage.py help`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")
    except OperationalError as error:
        lines = str(error).splitlines()
        sys.exit(f"manage.py: PostgreSQL does not answer (is the engine up?): {lines[0]}")


if __name__ == "__main__":
    main()
