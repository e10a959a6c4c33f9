"""The engine's own settings: addresses, limits, and what pages are made with."""

import os
import zoneinfo

from django.core.exceptions import ImproperlyConfigured

from referral_engine.settings.environment import listed

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
APP_SCHEMES = listed("APP_SCHEMES", "weixin")
if wrong := {"http", "javascript", "data", "vbscript", "file", "blob"} & set(APP_SCHEMES):
    raise ImproperlyConfigured(f"APP_SCHEMES must not name {', '.join(sorted(wrong))}.")

# How long the address of a partner's own page opens it.
PARTNER_PAGE_DAYS = int(os.environ.get("PARTNER_PAGE_DAYS", "30"))

# Transactions a worker's process has under way at a time (apps/core/lanes.py).
WORKER_LANES = int(os.environ.get("WORKER_LANES", "4"))

# Whose midnight ends the shop's days, in reports that are of no one campaign; such as Asia/Shanghai.
SHOP_TIME_ZONE = os.environ.get("SHOP_TIME_ZONE", "UTC")
if SHOP_TIME_ZONE not in zoneinfo.available_timezones():
    raise ImproperlyConfigured(f"SHOP_TIME_ZONE={SHOP_TIME_ZONE} is not a time zone.")

# Seconds a member token lives on a phone.
MEMBER_TOKEN_SECONDS = int(os.environ.get("MEMBER_TOKEN_SECONDS", "3600"))
