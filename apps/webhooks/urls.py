from django.urls import path

from apps.webhooks import api

urlpatterns = [
    path("webhook-endpoints", api.EndpointsView.as_view(), name="webhook-endpoints"),
    path(
        "webhook-endpoints/<str:endpoint_id>", api.EndpointView.as_view(), name="webhook-endpoint"
    ),
    path(
        "webhook-endpoints/<str:endpoint_id>/deliveries",
        api.DeliveriesView.as_view(),
        name="webhook-deliveries",
    ),
    path(
        "webhook-endpoints/<str:endpoint_id>/deliveries/<str:delivery_id>/retry",
        api.DeliveryRetryView.as_view(),
        name="webhook-delivery-retry",
    ),
]
