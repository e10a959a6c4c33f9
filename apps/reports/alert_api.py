"""Door: the alerts of a campaign."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.selectors import campaign_by_public_id
from apps.core.api import EnginePagination, EngineView
from apps.core.callers import is_test
from apps.reports.alert_rules import Alert
from apps.reports.selectors.alerts import alerts_of


class AlertOutput(serializers.Serializer[Any]):
    """An alert, in the words its webhook carries."""

    type = serializers.ChoiceField(source="kind", choices=list(Alert))
    id = serializers.CharField(source="key")
    timestamp = serializers.DateTimeField(source="occurred_at")
    data = serializers.DictField(  # type: ignore[assignment]  # declared fields leave the class
        source="payload", help_text="The campaign, its `day`, and the figures of this type."
    )


class AlertsView(EngineView):
    """What the engine found worth telling of a campaign, the newest first."""

    scope = "reports"
    pagination_class = EnginePagination

    @extend_schema(operation_id="campaign_alerts", responses=AlertOutput(many=True))
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        pages = self.pagination_class()
        rows = pages.paginate_queryset(alerts_of(campaign), request, view=self)
        return pages.get_paginated_response(AlertOutput(rows, many=True).data)
