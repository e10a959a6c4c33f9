"""The ASGI door: nothing but the streams of rooms. Everything else is `wsgi.py`'s."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")
os.environ.setdefault("DB_APPLICATION_NAME", "referral_engine streams")
django.setup()

from apps.groupbuy.streams import asgi  # noqa: E402

application = asgi.application()
