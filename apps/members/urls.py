from django.urls import path

from apps.members import api

urlpatterns = [
    path("members/<str:external_id>", api.MemberView.as_view(), name="member"),
    path("client-tokens", api.ClientTokenView.as_view(), name="client-tokens"),
    path("me", api.MeView.as_view(), name="me"),
]
