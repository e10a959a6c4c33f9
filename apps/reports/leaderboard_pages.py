"""The page of a campaign's leaderboard in the admin."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.campaigns.models import Campaign
from apps.core import clock
from apps.core.admin import pk_in
from apps.core.csv_export import csv_response
from apps.reports.ranking import EARLIEST, LATEST, MOST_SHOWN, Days, Period, days_of
from apps.reports.selectors import leaderboards
from apps.reports.selectors.leaderboards import Shown

_BETWEEN = "between"
_PERIODS = (
    (Period.ALL.value, "All time"),
    (Period.WEEK.value, "This week"),
    (Period.MONTH.value, "This month"),
    (_BETWEEN, "From … to"),
)


def _day(label: str) -> forms.DateField:
    widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
    known = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    return forms.DateField(label=label, required=False, widget=widget, validators=known)


class LeaderboardForm(forms.Form):
    period = forms.ChoiceField(choices=_PERIODS, widget=UnfoldAdminSelectWidget)
    first = _day("From")
    last = _day("To, included")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("period") == _BETWEEN:
            first, last = given.get("first"), given.get("last")
            if not self.errors and first is None and last is None:
                self.add_error("first", "Name the first day, the last, or both.")
            if first and last and last < first:
                self.add_error("last", "The last day comes before the first.")
        return given

    def days(self, campaign: Campaign) -> Days:
        """The days that were asked for; all of them where that cannot be told."""
        if not self.is_valid():
            return Days()
        asked = self.cleaned_data
        if asked["period"] == _BETWEEN:
            return Days(asked["first"], asked["last"])
        return days_of(Period(asked["period"]), clock.now(), campaign.time_zone)


class LeaderboardPages(ModelAdmin):
    """The page, and the way to it."""

    @action(description="Leaderboard", url_path="leaderboard", icon="leaderboard")
    def leaderboard(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Who brought most, for whoever may see the campaign; as CSV with `?export=csv`."""
        campaign = get_object_or_404(Campaign, pk=pk_in(object_id))
        if not self.has_view_permission(request, campaign):
            raise PermissionDenied
        form = LeaderboardForm({"period": Period.ALL, **request.GET.dict()})
        days = form.days(campaign)
        found = leaderboards.campaign_standings(campaign, days)
        rows = leaderboards.shown_places(found.places)
        if "export" in request.GET and form.is_valid():
            return _as_csv(campaign, rows)
        query = request.GET.copy()
        query["export"] = "csv"
        context = {
            **self.admin_site.each_context(request),
            "title": f"Leaderboard: {campaign}",
            "campaign": campaign,
            "form": form,
            "days": days,
            "found": found,
            "rows": rows,
            "most": MOST_SHOWN,
            "top": max((row.place.referees for row in rows), default=1),
            "export": query.urlencode(),
        }
        return render(request, "admin/leaderboard.html", context)


def _as_csv(campaign: Campaign, rows: list[Shown]) -> HttpResponseBase:
    header = ("rank", "participant", "nickname", "referees")
    lines = ((row.place.rank, row.public_id, row.face.nickname, row.place.referees) for row in rows)
    return csv_response(f"leaderboard-{campaign.public_id}.csv", header, lines)
