"""The form of “Why did she get nothing?”, and the ways that lead to it."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from apps.campaigns.models import Campaign
from apps.core.admin import pk_in
from apps.members.models import Identity, Member
from apps.orders.models import Order
from apps.rewards.why import Answer, why

ASKED = ("member", "order", "campaign")
MOST_CAMPAIGNS = 500


def _campaign_choices() -> list[tuple[str, str]]:
    published = Campaign.objects.exclude(status=Campaign.Status.DRAFT).order_by("-pk")
    rows = published.values_list("public_id", "name", "is_test")[:MOST_CAMPAIGNS]
    named = [
        (public_id, f"{name} (test)" if is_test else name) for public_id, name, is_test in rows
    ]
    return [("", "Any campaign"), *named]


class WhyForm(forms.Form):
    """Any one of the three is enough."""

    member = forms.CharField(
        label="Member",
        required=False,
        max_length=128,
        help_text="The shop's own id.",
        widget=UnfoldAdminTextInputWidget,
    )
    order = forms.CharField(
        label="Order",
        required=False,
        max_length=100,
        help_text="The shop's own id.",
        widget=UnfoldAdminTextInputWidget,
    )
    campaign = forms.ChoiceField(
        label="Campaign",
        required=False,
        choices=_campaign_choices,
        widget=UnfoldAdminSelectWidget,
    )
    is_test = forms.BooleanField(
        label="Test mode", required=False, widget=UnfoldBooleanSwitchWidget
    )

    def answers(self, now: dt.datetime) -> list[Answer]:
        """What there is to say, newest first."""
        asked = self.cleaned_data
        return why(
            member=asked["member"].strip(),
            order_id=asked["order"].strip(),
            campaign=asked["campaign"],
            is_test=asked["is_test"],
            now=now,
        )


def why_redirect(
    *, member: Member | None = None, order: Order | None = None, campaign: Campaign | None = None
) -> HttpResponse:
    """To the page, asking about these."""
    asked: dict[str, str] = {}
    of_test = False
    if member is not None:
        known_as = member.identities.filter(kind=Identity.Kind.EXTERNAL_ID).first()
        asked["member"] = known_as.value if known_as else member.public_id
        of_test = member.is_test
    if order is not None:
        asked["order"] = order.order_id
        of_test = order.is_test
    if campaign is not None:
        asked["campaign"] = campaign.public_id
    if of_test:
        asked["is_test"] = "on"
    return HttpResponseRedirect(f"{reverse('admin:rewards_decision_why')}?{urlencode(asked)}")


class AskedAbout:
    """A table whose rows one can ask about; added from above, like the way to a report."""

    def has_ask_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("rewards.view_decision"))

    @action(description="Why?", url_path="why", icon="help", permissions=["ask"])
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The answers about this row."""
        row = get_object_or_404(self.model, pk=pk_in(object_id))  # type: ignore[attr-defined]
        return why_redirect(order=row) if isinstance(row, Order) else why_redirect(member=row)


for _model in (Member, Order):
    _page: Any = type(admin.site._registry[_model])
    admin.site.unregister(_model)
    admin.site.register(
        _model,
        type(
            f"Asked{_page.__name__}",
            (AskedAbout, _page),
            {"actions_detail": (*_page.actions_detail, "why")},
        ),
    )
