"""Celery carries no business data: every task says "look now" and PostgreSQL knows what is due."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")

app = Celery("referral_engine")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_shutdown.connect
def _close_lanes(**_what: Any) -> None:
    from apps.core import lanes  # the settings are not read yet where this module is

    lanes.close()
