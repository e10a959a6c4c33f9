"""The WSGI door: what granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")
# Each statement that is prepared here finds its rows by keys, whatever the values are.
os.environ.setdefault("DB_PLAN_CACHE_MODE", "force_generic_plan")
os.environ["DB_PATIENCE_SECONDS"] = os.environ.get("WEB_PATIENCE_SECONDS", "35")

application = get_wsgi_application()
