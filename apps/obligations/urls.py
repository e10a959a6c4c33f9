from django.urls import path

from apps.obligations.api import fulfilments, payouts

urlpatterns = [
    path("payouts", payouts.PayoutsView.as_view(), name="payouts"),
    path("payouts/<str:payout_id>", payouts.PayoutView.as_view(), name="payout"),
    path(
        "payouts/<str:payout_id>/confirm",
        payouts.PayoutConfirmView.as_view(),
        name="payout-confirm",
    ),
    path("payouts/<str:payout_id>/fail", payouts.PayoutFailView.as_view(), name="payout-fail"),
    path("fulfilments", fulfilments.FulfilmentsView.as_view(), name="fulfilments"),
    path(
        "fulfilments/<str:fulfilment_id>/confirm",
        fulfilments.FulfilmentConfirmView.as_view(),
        name="fulfilment-confirm",
    ),
    path(
        "fulfilments/<str:fulfilment_id>/cancel",
        fulfilments.FulfilmentCancelView.as_view(),
        name="fulfilment-cancel",
    ),
    path("me/payouts", payouts.MyPayoutsView.as_view(), name="my-payouts"),
    path("me/fulfilments", fulfilments.MyFulfilmentsView.as_view(), name="my-fulfilments"),
]
