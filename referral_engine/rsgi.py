"""The RSGI door: opened links, which `wsgi.py` answers too, slower and one at a time."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")
os.environ.setdefault("DB_APPLICATION_NAME", "referral_engine front")
os.environ["DB_PATIENCE_SECONDS"] = os.environ.get("FRONT_PATIENCE_SECONDS", "3")
django = get_wsgi_application()

from apps.invites.front import Front  # noqa: E402

application = Front(django)
