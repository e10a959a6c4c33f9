"""The admin: its menu, what an operator does and the tables it happens in, and its looks."""

import functools
from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy

_ADMIN_MENU = (
    (
        "Campaigns",
        ("Campaigns", "campaign", "campaigns.campaign"),
        ("Published versions", "history", "campaigns.version"),
        ("Budgets", "account_balance_wallet", "campaigns.budget"),
        ("Costs outside", "receipt_long", "campaigns.campaigncost"),
        ("Lists of members", "group_add", "campaigns.audience"),
        ("Who is on a list", "person_check", "campaigns.audiencemember"),
        ("Compliance overrides", "verified_user", "campaigns.complianceoverride"),
        ("Programme report", "insights", "reports.programme"),
        ("Shared reports", "ios_share", "reports.sharedreport"),
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
        ("Margin rates", "percent", "orders.marginrate"),
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


def _menu_entry(
    title: str, icon: str, model: str, page: str = "changelist", may: str = "view"
) -> dict[str, Any]:
    app, name = model.split(".")
    link = reverse_lazy(f"admin:{app}_{name}_{page}")
    return {
        "title": title,
        "icon": icon,
        "link": link,
        "active": lambda request: str(link) == _innermost(request.path),
        "permission": lambda request: request.user.has_perm(f"{app}.{may}_{name}"),
    }


def _innermost(path: str) -> str:
    """The menu's link under which a page is: the longest, as some pages are entries of their own."""
    return max((link for link in _links() if path.startswith(link)), key=len, default="")


@functools.cache
def _links() -> tuple[str, ...]:
    """All links of the menu, which each of its entries asks for."""
    groups = UNFOLD["SIDEBAR"]["navigation"]
    return tuple(str(entry["link"]) for group in groups for entry in group["items"])


UNFOLD: dict[str, Any] = {
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
                    _menu_entry(
                        "Emergency stop",
                        "emergency_home",
                        "campaigns.campaign",
                        "emergency",
                        may="change",
                    ),
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
