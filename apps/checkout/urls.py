from django.urls import path

from apps.checkout.api import facts, refund_orders
from apps.checkout.api import orders as api
from apps.checkout.api.quotes import QuotesView

urlpatterns = [
    path("quotes", QuotesView.as_view(), name="quotes"),
    path("events", facts.FactsView.as_view(), name="events"),
    path("events/batch", facts.FactBatchView.as_view(), name="events-batch"),
    path("me/check-ins", facts.CheckInsView.as_view(), name="my-check-ins"),
    path("orders", api.OrdersView.as_view(), name="orders"),
    path("orders/<str:order_id>/refunds", api.RefundsView.as_view(), name="order-refunds"),
    path("orders/<str:order_id>/cancel", api.CancelView.as_view(), name="order-cancel"),
    path("orders/<str:order_id>/fulfil", api.FulfilView.as_view(), name="order-fulfil"),
    path("refund-orders", refund_orders.RefundOrdersView.as_view(), name="refund-orders"),
    path(
        "refund-orders/<str:refund_order_id>",
        refund_orders.RefundOrderView.as_view(),
        name="refund-order",
    ),
    path(
        "refund-orders/<str:refund_order_id>/confirm",
        refund_orders.RefundOrderConfirmView.as_view(),
        name="refund-order-confirm",
    ),
    path(
        "refund-orders/<str:refund_order_id>/fail",
        refund_orders.RefundOrderFailView.as_view(),
        name="refund-order-fail",
    ),
    path(
        "refund-orders/<str:refund_order_id>/ask",
        refund_orders.RefundOrderAskView.as_view(),
        name="refund-order-ask",
    ),
]
