from django.urls import path

from apps.points import api

urlpatterns = [
    path("me/wallet", api.WalletView.as_view(), name="my-wallet"),
    path("me/points", api.PointsView.as_view(), name="my-points"),
]
