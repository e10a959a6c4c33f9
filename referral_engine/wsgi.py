"""The WSGI door: what granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")
os.environ["DB_PATIENCE_SECONDS"] = os.environ.get("WEB_PATIENCE_SECONDS", "35")

application = get_wsgi_application()
