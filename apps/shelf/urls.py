from django.urls import path

from apps.shelf import api

urlpatterns = [
    path("shelf", api.ShelfView.as_view(), name="shelf"),
    path("shelf/<str:item_id>/exchanges", api.ShelfExchangesView.as_view(), name="shelf-exchanges"),
    path("me/exchanges", api.MyExchangesView.as_view(), name="my-exchanges"),
    path(
        "exchanges/<str:exchange_id>/cancel",
        api.ExchangeCancelView.as_view(),
        name="exchange-cancel",
    ),
]
