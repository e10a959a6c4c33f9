"""PostgreSQL, the cache and the broker, and those who work for them."""

import os

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from referral_engine.settings.environment import VAR_DIR
from referral_engine.stack import addresses

SERVERS = addresses.resolve(os.environ, VAR_DIR)
if not SERVERS.database_url.startswith(("postgresql://", "postgres://")):
    raise ImproperlyConfigured("DATABASE_URL must start with postgresql:// (the only database).")
DATABASES = {
    "default": dj_database_url.parse(
        SERVERS.database_url,
        engine="referral_engine.database",
        # Behind PgBouncer in transaction mode set DB_CONN_MAX_AGE=0.
        conn_max_age=int(os.environ.get("DB_CONN_MAX_AGE", "600")),
        conn_health_checks=True,
    )
}
DATABASES["default"].setdefault("OPTIONS", {})["application_name"] = os.environ.get(
    "DB_APPLICATION_NAME", "referral_engine"
)
# Hand-written statements are prepared where a connection outlives a request (apps/core/statements.py).
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = (
    3 if DATABASES["default"]["CONN_MAX_AGE"] else None
)
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)
# How long a statement may take before the database counts as hanging; 0: as long as it takes. Servers
# set it for themselves, by WEB_PATIENCE_SECONDS and FRONT_PATIENCE_SECONDS; a migration waits.
DB_PATIENCE_SECONDS = float(os.environ.get("DB_PATIENCE_SECONDS", "0"))
# How prepared statements are planned (PostgreSQL's plan_cache_mode); nothing: as the database says. `web`
# sets it for itself: force_generic_plan.
DB_PLAN_CACHE_MODE = os.environ.get("DB_PLAN_CACHE_MODE", "")
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": SERVERS.redis_url,
        "KEY_PREFIX": "engine",
    }
}

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", SERVERS.broker_url)
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A request that nudges a worker must not wait for a broker that is away.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
# Senders have workers of their own: a slow shop must not delay deadlines.
CELERY_TASK_ROUTES = {"apps.webhooks.tasks.send_deliveries": {"queue": "webhooks"}}
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SCHEDULE = {
    "engine: run_due": {
        "task": "apps.core.tasks.run_due",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
}
DJANGO_CELERY_BEAT_TZ_AWARE = True
