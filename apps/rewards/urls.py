from django.urls import path

from apps.rewards import api

urlpatterns = [
    path("grants", api.GrantsView.as_view(), name="grants"),
    path("decisions", api.DecisionsView.as_view(), name="decisions"),
    path("me/grants", api.MyGrantsView.as_view(), name="my-grants"),
]
