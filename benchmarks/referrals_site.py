"""pinax-referrals' own response view as a site; run by a Python that has it, with DATABASE_URL.

    python referrals_site.py make NUMBER    migrate, make referrals, print their codes as JSON
    granian … referrals_site:application  serve it

A plain Django site as its documentation sets it up: sessions in the database, persistent connections.
The view looks the code up, makes the visitor a session and writes the response, then redirects.
"""

import json
import os
import sys
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import include, path


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": asked.get("host", [unquote(parts.hostname or "")])[0],
        "PORT": asked.get("port", [str(parts.port or "")])[0],
        "CONN_MAX_AGE": None,
    }


settings.configure(
    DATABASES={"default": _database(os.environ["DATABASE_URL"])},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "pinax.referrals",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "pinax.referrals.middleware.SessionJumpingMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="of a site that lives for minutes",
    ROOT_URLCONF="referrals_site",
    SITE_ID=1,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGGING_CONFIG=None,
)
django.setup()
sys.modules.setdefault("referrals_site", sys.modules[__name__])
urlpatterns = [path("r/", include("pinax.referrals.urls", namespace="pinax_referrals"))]
application = get_wsgi_application()


def main() -> None:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from pinax.referrals.models import Referral

    call_command("migrate", verbosity=0)
    made = []
    for number in range(int(sys.argv[2])):
        ann = get_user_model().objects.create(username=f"ann-{number}")
        made.append(Referral.create("/", user=ann, label=str(number)).code)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
