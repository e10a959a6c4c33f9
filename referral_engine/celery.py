"""Celery carries no business data: every task says "look now" and PostgreSQL knows what is due."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")

app = Celery("referral_engine")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
