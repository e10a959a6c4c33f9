"""The doors of the engine: the API, the pages, the admin, health."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from apps.groupbuy.urls import page_patterns as group_pages
from apps.invites.urls import page_patterns as share_pages

API_APPS = (
    "members",
    "campaigns",
    "invites",
    "groupbuy",
    "checkout",
    "points",
    "coupons",
    "tiers",
    "obligations",
    "shelf",
    "rewards",
    "webhooks",
    "reports",
)

handler404 = "apps.core.views.not_found"
handler500 = "apps.core.views.failed"

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("", include("apps.core.urls")),
    path("", include(share_pages)),
    path("", include(group_pages)),
    *(path("api/v1/", include(f"apps.{app}.urls")) for app in API_APPS),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
]
