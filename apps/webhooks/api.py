"""Doors: where the shop listens, what was sent there, and sending it again."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api import EnginePagination, EngineView, idempotent
from apps.core.callers import is_test
from apps.core.transactions import retrying
from apps.webhooks import rules, selectors, services
from apps.webhooks.models import Delivery, Endpoint


class EndpointInput(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=rules.URL_LENGTH)
    description = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True
    )
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        default=list,
        max_length=100,
        help_text="Kinds of events to be told about; empty: all.",
    )


class EndpointOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    url = serializers.CharField()
    description = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class EndpointCreatedOutput(EndpointOutput):
    secret = serializers.CharField(
        required=False, help_text="`whsec_…`, shown this once; a replayed answer leaves it out."
    )


class DeliveryOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    message_id = serializers.CharField(help_text="The `webhook-id` header, the same on retries.")
    kind = serializers.CharField(source="event.kind")
    event = serializers.CharField(source="event.key")
    status = serializers.ChoiceField(choices=Delivery.Status.choices)
    attempts = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    last_status_code = serializers.IntegerField(allow_null=True)
    last_error = serializers.CharField()


class EndpointsView(EngineView):
    """The shop's webhook endpoints."""

    scope = "webhooks"
    pagination_class = EnginePagination

    @extend_schema(responses=EndpointOutput(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        rows = selectors.endpoints(is_test=is_test(request))
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(EndpointOutput(page, many=True).data)

    @extend_schema(request=EndpointInput, responses={201: EndpointCreatedOutput})
    @idempotent(omit=("secret",))
    def post(self, request: Request) -> Response:
        body = EndpointInput(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data
        endpoint = services.endpoint_create(
            url=fields["url"],
            kinds=tuple(fields["kinds"]),
            description=fields["description"],
            is_test=is_test(request),
        )
        return Response(EndpointCreatedOutput(endpoint).data, status=201)


class EndpointView(EngineView):
    """One webhook endpoint."""

    scope = "webhooks"

    @extend_schema(responses=EndpointOutput)
    def get(self, request: Request, endpoint_id: str) -> Response:
        return Response(EndpointOutput(_endpoint(request, endpoint_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, endpoint_id: str) -> Response:
        """Tell it nothing more. It stays visible, with what was sent to it."""
        endpoint = _endpoint(request, endpoint_id)
        retrying(lambda: services.endpoint_deactivate(endpoint_id=endpoint.pk))
        return Response(status=204)


class DeliveriesView(EngineView):
    """What was sent to an endpoint, newest first."""

    scope = "webhooks"
    pagination_class = EnginePagination

    @extend_schema(responses=DeliveryOutput(many=True))
    def get(self, request: Request, endpoint_id: str) -> Response:
        pages = self.pagination_class()
        rows = selectors.deliveries_of(_endpoint(request, endpoint_id))
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(DeliveryOutput(page, many=True).data)


class DeliveryRetryView(EngineView):
    """Send a delivery again, also one that arrived: a replay."""

    scope = "webhooks"

    @extend_schema(request=None, responses=DeliveryOutput)
    @idempotent()
    def post(self, request: Request, endpoint_id: str, delivery_id: str) -> Response:
        endpoint = _endpoint(request, endpoint_id)
        delivery = selectors.delivery_by_public_id(endpoint, delivery_id)
        services.delivery_retry(delivery_id=delivery.pk)
        delivery.refresh_from_db()
        return Response(DeliveryOutput(delivery).data)


def _endpoint(request: Request, endpoint_id: str) -> Endpoint:
    return selectors.endpoint_by_public_id(endpoint_id, is_test=is_test(request))
