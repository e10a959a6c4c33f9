from django.urls import path

from apps.points import api

urlpatterns = [
    path("me/points", api.PointsView.as_view(), name="my-points"),
    path("me/points/statement", api.StatementView.as_view(), name="my-points-statement"),
    path("members/<str:external_id>/points", api.MemberPointsView.as_view(), name="member-points"),
    path(
        "members/<str:external_id>/points/statement",
        api.MemberStatementView.as_view(),
        name="member-points-statement",
    ),
    path("points/spends", api.SpendsView.as_view(), name="point-spends"),
    path(
        "points/spends/<str:spend_id>/capture",
        api.SpendCaptureView.as_view(),
        name="point-spend-capture",
    ),
    path(
        "points/spends/<str:spend_id>/release",
        api.SpendReleaseView.as_view(),
        name="point-spend-release",
    ),
]
