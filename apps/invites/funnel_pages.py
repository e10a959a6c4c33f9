"""The page of the funnel in the admin: from the intent to share to the order."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.invites.selectors import funnels
from apps.members.admin import member_name

_MOST_CAMPAIGNS = 500
BY = (("channel", "By channel"), ("link", "By link"), ("participant", "By whose links they are"))


class FunnelForm(forms.Form):
    campaign = forms.ModelChoiceField(
        Campaign.objects.exclude(status=Campaign.Status.DRAFT).order_by("-pk"),
        label="Campaign",
        empty_label="Choose one",
        widget=UnfoldAdminSelectWidget,
    )
    by = forms.ChoiceField(label="Rows", choices=BY, required=False, widget=UnfoldAdminSelectWidget)


class FunnelPages(ModelAdmin):
    """The page, and the way to it from the list of intents."""

    actions_list = ("funnel",)

    @action(description="Funnel", url_path="funnel", icon="filter_alt", permissions=["view"])
    def funnel(self, request: HttpRequest) -> HttpResponse:
        """How far each channel, link or member's links came in one campaign."""
        asked = {"by": "channel", **request.GET.dict()}
        form = FunnelForm(asked if "campaign" in asked else None, initial=asked)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "From the intent to share to the order",
            "form": form,
        }
        if form.is_bound and form.is_valid():
            context |= _shown(form.cleaned_data["campaign"], form.cleaned_data["by"] or "channel")
        return render(request, "invites/admin/funnel.html", context)


def _shown(campaign: Campaign, by: str) -> dict[str, Any]:
    channels = funnels.funnels_by_channel(campaign)
    rows = {
        "link": lambda: funnels.funnels_of_best_links(campaign),
        "participant": lambda: funnels.funnels_by_owner(campaign),
        "channel": lambda: channels,
    }[by]()
    names = _names(rows) if by == "participant" else {}
    whole = funnels.summed(channels)
    return {
        "campaign": campaign,
        "by": by,
        "rows": [(names.get(row.name, row.name), row) for row in rows],
        "steps": _drawn(whole),
        "whole": whole,
    }


def _names(rows: list[funnels.Funnel]) -> dict[str, str]:
    people = Participant.objects.select_related("member__profile").filter(
        public_id__in=[row.name for row in rows]
    )
    return {row.public_id: member_name(row.member) for row in people}


def _drawn(whole: funnels.Funnel) -> list[dict[str, Any]]:
    """Each step with the width of its bar, and how many of the step before came so far.

    A step with more than the one before has no share of it: links are opened that no intent was told
    of, and codes typed without a visit.
    """
    top = max(count for _, count in whole.steps) or 1
    drawn = []
    before: int | None = None
    for name, count in whole.steps:
        share = f"{100 * count / before:.1f}" if before and count <= before else ""
        drawn.append(
            {"name": name, "count": count, "width": f"{100 * count / top:.2f}", "share": share}
        )
        before = count
    return drawn
