"""Settings of the engine: one file, read from the environment, loud when something is missing.

Outside development (`ENGINE_ENV=production`) nothing secret has a default.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from referral_engine.stack import addresses

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = addresses.var_dir(os.environ, BASE_DIR)
PRODUCTION = os.environ.get("ENGINE_ENV", "development") == "production"
DEBUG = os.environ.get("DEBUG", "") == "1" and not PRODUCTION


def _secret(name: str) -> str:
    """The secret `name` from the environment; in development a random one kept in `var/`.

    Raises ImproperlyConfigured in production when it is not set.
    """
    if value := os.environ.get(name):
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set when ENGINE_ENV=production.")
    path = VAR_DIR / f"{name.lower()}.txt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # readable by us alone
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # A link is made whole or not at all: of two processes that start at once, one wins.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()


def _list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


SECRET_KEY = _secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = _list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", "" if PRODUCTION else "*")
CSRF_TRUSTED_ORIGINS = _list("CSRF_TRUSTED_ORIGINS")
# The address shoppers see in links, without a slash at its end. Empty: taken from the request.
PUBLIC_URL = os.environ.get("PUBLIC_URL", "").rstrip("/")
# How many reverse proxies of ours stand in front, each adding to X-Forwarded-For. None: it is ignored.
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
# Codes that nobody has: how many an address, and a member, may try in a minute.
GUESSES_PER_ADDRESS = int(os.environ.get("GUESSES_PER_ADDRESS", "60"))
GUESSES_PER_MEMBER = int(os.environ.get("GUESSES_PER_MEMBER", "20"))
# The port on which streams are served beside us, where no reverse proxy leads to them. Empty: one does.
STREAMS_PORT = os.environ.get("STREAMS_PORT", "")
# How many may listen to one process of streams; the next ones are told to poll.
STREAMS_LISTENERS = int(os.environ.get("STREAMS_LISTENERS", "2000"))
# How often a process of streams looks whether the rooms it is asked about have changed.
STREAMS_SECONDS = float(os.environ.get("STREAMS_SECONDS", "1"))
# A font for pictures with texts, .ttf, .otf or .ttc. Empty: the one that comes along, with Chinese.
PICTURE_FONT = os.environ.get("PICTURE_FONT", "")

# Schemes of apps that links may lead into, besides https: the mini-program's, and your own app's.
APP_SCHEMES = _list("APP_SCHEMES", "weixin")
if wrong := {"http", "javascript", "data", "vbscript", "file", "blob"} & set(APP_SCHEMES):
    raise ImproperlyConfigured(f"APP_SCHEMES must not name {', '.join(sorted(wrong))}.")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "apps.core",
    "apps.members",
    "apps.points",
    "apps.coupons",
    "apps.tiers",
    "apps.obligations",
    "apps.campaigns",
    "apps.orders",
    "apps.facts",
    "apps.invites",
    "apps.groupbuy",
    "apps.checkout",
    "apps.rewards",
    "apps.shelf",
    "apps.imports",
    "apps.webhooks",
    "apps.reports",
    "apps.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "apps.core.middleware.NulMiddleware",
    "apps.core.middleware.DatabaseAwayMiddleware",
]

ROOT_URLCONF = "referral_engine.urls"
WSGI_APPLICATION = "referral_engine.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

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
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": SERVERS.redis_url,
        "KEY_PREFIX": "engine",
    }
}

# How long the address of a partner's own page opens it.
PARTNER_PAGE_DAYS = int(os.environ.get("PARTNER_PAGE_DAYS", "30"))

# Transactions a worker's process has under way at a time (apps/core/lanes.py).
WORKER_LANES = int(os.environ.get("WORKER_LANES", "4"))

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

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.members.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.parsers.EngineJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "apps.core.openapi.EngineSchema",
    "EXCEPTION_HANDLER": "apps.core.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Referral engine",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": (
        "Share links, referral chains, group-buy rooms and rewards beside a shop's own orders. "
        "Amounts are integers in minor units of their currency; instants are RFC 3339 in UTC; "
        "errors are RFC 9457 problems with a stable `code`."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "AccountPurposeEnum": "apps.points.models.Account.Purpose",
        "PayoutStatusEnum": "apps.obligations.models.Payout.Status",
        "FulfilmentStatusEnum": "apps.obligations.models.Fulfilment.Status",
        "RoomStatusEnum": ["pending", "open", "closing", "completed", "failed", "cancelled"],
        "AwardKindEnum": ["points", "coupon", "growth", "payable", "custom"],
        "FactKindEnum": "apps.facts.models.Fact.Kind",
        "CouponKindEnum": "apps.coupons.models.Template.Kinds",
        "TransferKindEnum": "apps.points.models.Transfer.Kind",
        "BenefitKindEnum": "apps.tiers.models.Benefit.Kind",
        "TierChangeKindEnum": "apps.tiers.models.TierChange.Kind",
        "LinkKindEnum": [
            *("member", "offer", "store", "live", "community", "assistant", "partner"),
        ],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.openapi.add_security_schemes",
    ],
}

# Seconds a member token lives on a phone.
MEMBER_TOKEN_SECONDS = int(os.environ.get("MEMBER_TOKEN_SECONDS", "3600"))

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "1") == "1"
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
    SECURE_HSTS_SECONDS = int(os.environ.get("SECURE_HSTS_SECONDS", str(365 * 24 * 3600)))
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {
        "apps": {"level": os.environ.get("LOG_LEVEL", "INFO")},
        "django.request": {"level": "ERROR"},  # a caller's mistake is no event of ours
    },
}

# The admin's menu and front page: what an operator does, and the tables it happens in.
_ADMIN_MENU = (
    (
        "Campaigns",
        ("Campaigns", "campaign", "campaigns.campaign"),
        ("Published versions", "history", "campaigns.version"),
        ("Budgets", "account_balance_wallet", "campaigns.budget"),
        ("Lists of members", "group_add", "campaigns.audience"),
        ("Who is on a list", "person_check", "campaigns.audiencemember"),
        ("Compliance overrides", "verified_user", "campaigns.complianceoverride"),
    ),
    (
        "Group buying",
        ("Offers", "sell", "groupbuy.offer"),
        ("Stock", "inventory_2", "groupbuy.offeritem"),
        ("Rooms", "groups", "groupbuy.room"),
        ("Seats", "event_seat", "groupbuy.seat"),
        ("Refund orders", "currency_exchange", "groupbuy.refundorder"),
    ),
    (
        "People",
        ("Members", "person", "members.member"),
        ("Identities", "badge", "members.identity"),
        ("Profiles", "face", "members.profile"),
        ("Bring history in", "upload_file", "imports.upload"),
        ("Participants", "account_tree", "invites.participant"),
        ("Share links", "link", "invites.link"),
        ("Where links lead", "alt_route", "invites.landing"),
        ("How far links come", "filter_alt", "invites.share", "funnel"),
        ("Intents to share", "ios_share", "invites.share"),
        ("Coupons that bring people", "loyalty", "invites.couponlink"),
        ("Visits", "ads_click", "invites.visit"),
        ("Touches", "touch_app", "invites.touch"),
        ("Why this referrer", "quiz", "invites.trace"),
        ("Decided by us", "edit_note", "invites.override"),
        ("Variants drawn", "casino", "invites.draw"),
        ("Facts", "cake", "facts.fact"),
        ("Acts", "directions_run", "invites.act"),
    ),
    (
        "Money & rewards",
        ("Why did she get nothing?", "help", "rewards.decision", "why"),
        ("Grants", "redeem", "rewards.grant"),
        ("Goodwill", "volunteer_activism", "rewards.goodwill"),
        ("Decisions", "gavel", "rewards.decision"),
        ("Claw-backs", "undo", "rewards.clawback"),
        ("Points programme", "toll", "points.programme"),
        ("Point adjustments", "exposure", "points.adjustment"),
        ("Point reservations", "bookmark", "points.reservation"),
        ("Point accounts", "account_balance", "points.account"),
        ("Point transfers", "swap_horiz", "points.transfer"),
        ("Point lots", "stacks", "points.lot"),
        ("Taken out of lots", "output", "points.taking"),
        ("Cap counters", "speed", "rewards.capcounter"),
    ),
    (
        "What we owe",
        ("Payouts", "payments", "obligations.payout"),
        ("Fulfilments", "featured_seasonal_and_gifts", "obligations.fulfilment"),
        ("When payouts are made", "event_repeat", "obligations.payoutplan"),
        ("Payables", "request_quote", "obligations.payable"),
        ("Payout lines", "receipt_long", "obligations.payoutline"),
        ("Take-backs", "remove_circle", "obligations.takeback"),
        ("Deductions", "money_off", "obligations.deduction"),
    ),
    (
        "Exchange shelf",
        ("On the shelf", "storefront", "shelf.shelfitem"),
        ("Exchanges", "swap_vert", "shelf.exchange"),
    ),
    (
        "Coupons",
        ("Coupon templates", "confirmation_number", "coupons.template"),
        ("Coupons", "local_activity", "coupons.coupon"),
        ("Coupon batches", "dynamic_feed", "coupons.batch"),
        ("Codes of other systems", "password", "coupons.poolcode"),
        ("Held for guests", "person_add", "coupons.claim"),
    ),
    (
        "Tiers",
        ("Ladders", "stairs", "tiers.ladder"),
        ("Tiers", "workspace_premium", "tiers.tier"),
        ("Memberships", "card_membership", "tiers.membership"),
        ("Tier changes", "trending_up", "tiers.tierchange"),
        ("Growth entries", "eco", "tiers.growthentry"),
    ),
    (
        "Orders",
        ("Orders", "shopping_bag", "orders.order"),
        ("Order lines", "list_alt", "orders.orderline"),
        ("Refunds", "assignment_return", "orders.refund"),
        ("Orders in campaigns", "fact_check", "invites.campaignorder"),
    ),
    (
        "Engine room",
        ("Events", "bolt", "core.event"),
        ("Webhook endpoints", "webhook", "webhooks.endpoint"),
        ("Webhook deliveries", "outgoing_mail", "webhooks.delivery"),
        ("Server keys", "key", "members.serverkey"),
        ("Idempotent replies", "replay", "core.idempotentreply"),
        ("Periodic tasks", "schedule", "django_celery_beat.periodictask"),
        ("Operators", "manage_accounts", "auth.user"),
        ("Operator groups", "group", "auth.group"),
    ),
)


def _menu_entry(title: str, icon: str, model: str, page: str = "changelist") -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_{page}"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


UNFOLD = {
    "SITE_TITLE": "Referral engine",
    "SITE_HEADER": "Referral engine",
    "SITE_SUBHEADER": "Campaigns, rooms, rewards",
    "SITE_SYMBOL": "share",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("pages/icon.svg"),
        }
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "apps.reports.views.dashboard",
    "STYLES": [lambda request: static("admin_pages/admin.css")],
    "COLORS": {
        "primary": {
            "50": "#fff5ed",
            "100": "#fee8d6",
            "200": "#fccdac",
            "300": "#f9a977",
            "400": "#f57c40",
            "500": "#f05a1a",
            "600": "#c8430c",
            "700": "#b0380b",
            "800": "#8c2f11",
            "900": "#712911",
            "950": "#3d1206",
        }
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "items": [
                    {
                        "title": "What is going on",
                        "icon": "home",
                        "link": reverse_lazy("admin:index"),
                    },
                    {
                        "title": "Emergency stop",
                        "icon": "emergency_home",
                        "link": reverse_lazy("admin:campaigns_campaign_emergency"),
                        "permission": lambda request: request.user.has_perm(
                            "campaigns.change_campaign"
                        ),
                    },
                ]
            },
            *(
                {
                    "title": title,
                    "collapsible": False,
                    "separator": True,
                    "items": [_menu_entry(*entry) for entry in entries],
                }
                for title, *entries in _ADMIN_MENU
            ),
        ],
    },
}
