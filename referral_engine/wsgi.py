"""The WSGI door: what granian serves. Opened links are answered in front of Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "referral_engine.settings")
django = get_wsgi_application()

from apps.invites.front import Front  # noqa: E402

application = Front(django)
