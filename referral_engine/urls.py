"""The doors of the engine: the API, the pages, the admin, health."""

from importlib import import_module

from django.contrib import admin
from django.urls import URLPattern, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from apps.groupbuy.urls import page_patterns as group_pages
from apps.invites.urls import page_patterns as share_pages
from apps.reports.urls import page_patterns as report_pages

# Looked through in this order: what is asked most stands first.
API_APPS = (
    "points",
    "groupbuy",
    "coupons",
    "checkout",
    "invites",
    "members",
    "campaigns",
    "tiers",
    "obligations",
    "shelf",
    "rewards",
    "webhooks",
    "reports",
)


def _doors(app: str) -> list[URLPattern]:
    """An app's doors. All of them stand in one list, so that finding one takes one step."""
    doors: list[URLPattern] = import_module(f"apps.{app}.urls").urlpatterns
    return doors


handler404 = "apps.core.views.not_found"
handler500 = "apps.core.views.failed"

urlpatterns = [
    path("api/v1/", include([door for app in API_APPS for door in _doors(app)])),
    path("", RedirectView.as_view(url="/admin/")),
    path("", include("apps.core.urls")),
    path("", include(share_pages)),
    path("", include(group_pages)),
    path("", include(report_pages)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
]
