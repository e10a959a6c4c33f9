"""Reading endpoints and deliveries, always within one mode."""

from django.db.models import QuerySet

from apps.core.errors import NotFound
from apps.webhooks.models import Delivery, Endpoint


class EndpointUnknown(NotFound):
    code = "endpoint_unknown"
    message = "There is no webhook endpoint with this id."


class DeliveryUnknown(NotFound):
    code = "delivery_unknown"
    message = "There is no delivery with this id."


def endpoints(*, is_test: bool) -> QuerySet[Endpoint]:
    """All endpoints of a mode, also those no longer active, in no order."""
    return Endpoint.objects.filter(is_test=is_test)


def endpoint_by_public_id(public_id: str, *, is_test: bool) -> Endpoint:
    """Raises EndpointUnknown, also for an endpoint of the other mode."""
    endpoint = endpoints(is_test=is_test).filter(public_id=public_id).first()
    if endpoint is None:
        raise EndpointUnknown()
    return endpoint


def deliveries_of(endpoint: Endpoint) -> QuerySet[Delivery]:
    """An endpoint's deliveries with their events, in no order."""
    return endpoint.deliveries.select_related("event")


def delivery_by_public_id(endpoint: Endpoint, public_id: str) -> Delivery:
    """Raises DeliveryUnknown, also for a delivery of another endpoint."""
    delivery = deliveries_of(endpoint).filter(public_id=public_id).first()
    if delivery is None:
        raise DeliveryUnknown()
    return delivery
