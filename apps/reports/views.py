"""The admin's front page: what runs, and what waits for an operator."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.models import Event
from apps.groupbuy.models import RefundOrder
from apps.invites.models import Participant
from apps.reports.selectors.alerts import alerts_lately
from apps.webhooks.models import Delivery

SHOWN_CAMPAIGNS = 8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The front page's context, with what this operator may see of campaigns and of what waits."""
    if request.user.has_perm("campaigns.view_campaign"):
        context["campaigns"] = _campaigns()
        context["alerts"] = alerts_lately(now=clock.now())
    context["title"] = "What is going on"
    context["waiting"] = [
        {"count": count, "words": words, "address": f"{reverse(page)}?{query}"}
        for permission, rows, words, page, query in _waiting()
        if request.user.has_perm(permission) and (count := rows.count())
    ]
    return context


def _campaigns() -> QuerySet[Campaign]:
    """The campaigns somebody still works with, the newest first, with their confirmed people."""
    confirmed = Q(participants__status=Participant.Status.CONFIRMED)
    return (
        Campaign.objects.exclude(status=Campaign.Status.ENDED)
        .select_related("budget")
        .annotate(people=Count("participants", filter=confirmed))
        .order_by("-pk")[:SHOWN_CAMPAIGNS]
    )


def _waiting() -> tuple[tuple[str, QuerySet[Any], str, str, str], ...]:
    """(permission, rows, words, list page, its query) of all that may wait for an operator."""
    refunds = RefundOrder.objects.all()
    return (
        (
            "core.view_event",
            Event.objects.parked(),
            "events are parked: something keeps failing",
            "admin:core_event_changelist",
            "status__exact=parked",
        ),
        (
            "groupbuy.view_refundorder",
            refunds.filter(status=RefundOrder.Status.FAILED),
            "refunds failed at the shop",
            "admin:groupbuy_refundorder_changelist",
            "state=failed",
        ),
        (
            "groupbuy.view_refundorder",
            refunds.parked(),
            "refunds are parked: the shop does not answer",
            "admin:groupbuy_refundorder_changelist",
            "state=parked",
        ),
        (
            "groupbuy.view_refundorder",
            refunds.filter(status=RefundOrder.Status.REQUESTED, parked_at=None),
            "refunds wait for the shop",
            "admin:groupbuy_refundorder_changelist",
            "state=waiting",
        ),
        (
            "webhooks.view_delivery",
            Delivery.objects.filter(status=Delivery.Status.PARKED),
            "webhooks could not be delivered",
            "admin:webhooks_delivery_changelist",
            "status__exact=parked",
        ),
    )
