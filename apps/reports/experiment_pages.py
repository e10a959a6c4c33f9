"""The page of a campaign's experiment: the planner before, the comparison during."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget

from apps.campaigns.admin.pages import CampaignPages
from apps.campaigns.models import Campaign
from apps.campaigns.services import PlanTerms, can_plan, experiment_plan
from apps.core import clock
from apps.reports.selectors.experimenting import experiment_of
from apps.reports.viral import experiments
from apps.reports.viral.experiments import Plan

DAY = dt.timedelta(days=1)


def _number(label: str, help_text: str, **given: Any) -> forms.FloatField:
    return forms.FloatField(
        label=label,
        help_text=help_text,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        **{"min_value": 0.0001, "max_value": 1_000_000, **given},
    )


class PlanForm(forms.Form):
    baseline = _number("Conversions per seed", "What you expect without the change: 0.4, say.")
    lift = _number(
        "Lift worth finding, in percent",
        "A smaller one may stay undecided. Half of it takes four times the seeds.",
        max_value=10_000,
    )
    seeds_per_day = _number("Seeds per day", "Of all variants together.")
    unevenness = _number(
        "How alike people are (k)",
        "Of the report of a campaign like this one; 0.3 where nobody knows. Smaller: a few bring "
        "most of the others.",
        max_value=1000,
        initial=0.3,
    )
    days = forms.IntegerField(
        label="Days a seed counts",
        min_value=1,
        max_value=365,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="What its tree brings in them, from its joining.",
    )

    def planned(self) -> Plan:
        """What the figures typed ask for."""
        said = self.cleaned_data
        mean, other = said["baseline"], said["baseline"] * (1 + said["lift"] / 100)
        return experiments.plan(
            sigma=experiments.sigma_of_counts(mean, said["unevenness"]),
            sigma_other=experiments.sigma_of_counts(other, said["unevenness"]),
            detectable=other - mean,
            seeds_per_day=said["seeds_per_day"],
        )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not self.errors and (self.planned().seeds_per_arm.value or 0) > 2**31 - 1:
            self.add_error("lift", "No campaign has that many seeds: look for a larger lift.")
        return said

    def terms(self) -> PlanTerms:
        said = self.cleaned_data
        return PlanTerms(
            baseline=said["baseline"],
            detectable=said["baseline"] * said["lift"] / 100,
            seeds_per_day=said["seeds_per_day"],
            window=said["days"] * DAY,
            seeds_per_arm=int(self.planned().seeds_per_arm.value or 1),
        )


class ExperimentPages(CampaignPages):
    """The page, and the way to it."""

    @action(description="Experiment", url_path="experiment", icon="science")
    def experiment(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Plan a comparison while nobody can have joined; then see how it stands."""
        keeps = request.method == "POST" and "keep" in request.POST
        campaign = self._campaign_for(request, object_id, change=keeps)
        days = max(campaign.attribution_window // DAY, 1)
        form = PlanForm(request.POST if request.method == "POST" else None, initial={"days": days})
        planned = form.planned() if request.method == "POST" and form.is_valid() else None
        if keeps and planned is not None:
            if self._tried(request, lambda: _keep(request, campaign, form)):
                self.message_user(request, "The plan is kept.", messages.SUCCESS)
                return HttpResponseRedirect(request.path)
        now = clock.now()
        context = {
            "experiment": experiment_of(campaign, now=now),
            "form": form,
            "planned": planned,
            "may_plan": can_plan(campaign, now) and self.has_change_permission(request, campaign),
        }
        return self._shown_page(
            request, "admin/report/experiment.html", "Experiment", campaign, context
        )


def _keep(request: HttpRequest, campaign: Campaign, form: PlanForm) -> None:
    with transaction.atomic():
        experiment_plan(
            campaign_id=campaign.pk,
            terms=form.terms(),
            operator_id=int(request.user.pk or 0),
            now=clock.now(),
        )
