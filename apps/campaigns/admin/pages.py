"""Pages of a campaign beside its form: compliance, budget, what a turn means, the emergency stop."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminBigIntegerFieldWidget

from apps.campaigns import effects, selectors, services
from apps.campaigns.admin import words
from apps.campaigns.effects import BudgetPart, Turn
from apps.campaigns.models import WARN_AT_PERCENT, Budget, Campaign
from apps.campaigns.rules import IMPOSSIBLE, Severity
from apps.core import clock
from apps.core.admin import run_on_each
from apps.core.errors import EngineError
from apps.core.fields import PercentField
from apps.core.transactions import retrying

_TURNS: dict[str, tuple[Callable[..., object], str, str, str]] = {
    Turn.PAUSE: (
        services.campaign_pause,
        "Pause",
        "paused",
        "Nobody new is admitted until you resume. What was promised is kept.",
    ),
    Turn.RESUME: (services.campaign_resume, "Resume", "resumed", "New people are admitted again."),
    Turn.END: (
        services.campaign_end,
        "End",
        "ended",
        (
            "This is for good: an ended campaign never runs again, but it can be copied. "
            "What was promised is kept."
        ),
    ),
}


class BudgetAmountForm(forms.Form):
    amount_minor = forms.IntegerField(
        label="Budget in minor units",
        min_value=0,
        max_value=2**63 - 1,
        required=False,
        widget=UnfoldAdminBigIntegerFieldWidget(),
        help_text="500000 is 5,000.00. Empty: no limit.",
    )
    tail_bps = PercentField(
        label="Tail",
        max_value=100,
        help_text="In percent of the budget. When only this is left, nobody new is admitted; it "
        "serves those who already joined.",
    )


class CampaignPages(ModelAdmin):
    """The pages, and the ways to them."""

    actions_detail: tuple[Any, ...] = (
        "compliance",
        "money",
        {
            "title": "Turn or copy",
            "icon": "toggle_on",
            "items": ["to_pause", "to_resume", "to_end", "copy"],
        },
    )

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("emergency/", own(self.emergency), name="campaigns_campaign_emergency"),
            path("turn/<str:to>/", own(self.turn), name="campaigns_campaign_turn"),
            *super().get_urls(),
        ]

    # Compliance

    @action(description="Compliance", url_path="compliance", icon="verified_user")
    def compliance(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the check finds, what to do instead, and reasons given against it."""
        campaign = self._campaign_for(request, object_id, change=request.method == "POST")
        if request.method == "POST":
            if self._tried(request, lambda: self._override(request, campaign)):
                self.message_user(request, "Your reason is kept.", messages.SUCCESS)
                return HttpResponseRedirect(request.path)
        given = selectors.overrides_of(campaign)
        findings: list[dict[str, Any]] = []
        try:
            for finding in services.campaign_findings(campaign):
                reason = given.get((finding.code, finding.policy))
                findings.append({"finding": finding, "reason": reason})
        except EngineError as error:
            self.message_user(request, str(error), messages.ERROR)
        blocking = [row for row in findings if row["finding"].severity is Severity.BLOCKING]
        context = {
            "blocking": blocking,
            "warnings": [row for row in findings if row not in blocking],
            "open_count": sum(row["finding"].is_final or not row["reason"] for row in blocking),
            "reasons": list(given.values()),
            "impossible": IMPOSSIBLE,
            "typed": request.POST,
            "may_change": self.has_change_permission(request, campaign),
        }
        return self._shown_page(
            request, "campaigns/compliance.html", "Compliance", campaign, context
        )

    def _override(self, request: HttpRequest, campaign: Campaign) -> object:
        return services.compliance_override(
            campaign_id=campaign.pk,
            finding=request.POST.get("finding", ""),
            policy=request.POST.get("policy", ""),
            reason=request.POST.get("reason", ""),
            operator_id=int(request.user.pk or 0),
            now=clock.now(),
        )

    # Budget

    @action(description="Budget", url_path="budget", icon="account_balance_wallet")
    def money(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the budget is, what takes it, and how to change it."""
        campaign = self._campaign_for(request, object_id, change=request.method == "POST")
        budget = selectors.budget_of(campaign) or Budget(campaign=campaign)
        now_set = {"amount_minor": budget.amount_minor, "tail_bps": budget.tail_bps}
        form = BudgetAmountForm(request.POST or None, initial=now_set)
        if request.method == "POST" and form.is_valid():
            try:
                retrying(lambda: _change_budget(campaign, form.cleaned_data))
            except services.BudgetTooSmall as error:
                form.add_error("amount_minor", str(error))
            else:
                self.message_user(request, "The budget is changed.", messages.SUCCESS)
                return HttpResponseRedirect(request.path)
        context = {
            "budget": budget,
            "form": form,
            "parts": _named_parts(budget),
            "left": None
            if budget.amount_minor is None
            else budget.amount_minor - budget.used_minor,
            "warn_at": WARN_AT_PERCENT,
            "may_change": self.has_change_permission(request, campaign),
            **_bar(budget),
        }
        return self._shown_page(request, "campaigns/budget.html", "Budget", campaign, context)

    # Copy

    @action(description="Copy", url_path="copy", icon="content_copy", permissions=["copy"])
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make a draft with the same terms and open it."""
        campaign = self._campaign_for(request, object_id, change=True)
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            copied = retrying(lambda: _copy(campaign))
            self.message_user(request, f"This is {copied}, a draft.", messages.SUCCESS)
            return redirect("admin:campaigns_campaign_change", copied.pk)
        return self._shown_page(request, "campaigns/copy.html", "Copy", campaign, {})

    def has_copy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_add_permission(request)

    # Pausing, resuming, ending

    @action(description="Pause", url_path="pause", permissions=["to_pause"])
    def to_pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.before_turn(Turn.PAUSE, [self._campaign_for(request, object_id, change=True)])

    @action(description="Resume", url_path="resume", permissions=["to_resume"])
    def to_resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.before_turn(Turn.RESUME, [self._campaign_for(request, object_id, change=True)])

    @action(description="End", url_path="end", permissions=["to_end"])
    def to_end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.before_turn(Turn.END, [self._campaign_for(request, object_id, change=True)])

    def has_to_pause_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._stands(request, object_id, "scheduled", "running")

    def has_to_resume_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._stands(request, object_id, "paused")

    def has_to_end_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._stands(request, object_id, "scheduled", "running", "paused")

    def _stands(self, request: HttpRequest, object_id: Any, *statuses: str) -> bool:
        if not self.has_change_permission(request):
            return False
        if object_id is None:
            return True
        campaign = self.get_object(request, str(object_id))
        return campaign is not None and campaign.status in statuses

    def before_turn(self, to: Turn, campaigns: Iterable[Campaign]) -> HttpResponse:
        """To the page that says what the turn means for these campaigns."""
        query = urlencode({"campaign": [row.pk for row in campaigns]}, doseq=True)
        return redirect(f"{reverse('admin:campaigns_campaign_turn', args=[to])}?{query}")

    def turn(self, request: HttpRequest, to: str) -> HttpResponse:
        """What there is, and what becomes of it; then the turn itself."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if to not in _TURNS:
            raise Http404
        service, verb, done, meaning = _TURNS[to]
        asked = [pk for pk in request.GET.getlist("campaign") if pk.isdecimal() and len(pk) < 19]
        campaigns = list(Campaign.objects.filter(pk__in=asked).order_by("-pk"))
        if not campaigns:
            raise Http404
        if request.method == "POST":
            self._do_turn(request, campaigns, service, done)
            if len(campaigns) == 1:
                return redirect("admin:campaigns_campaign_change", campaigns[0].pk)
            return redirect("admin:campaigns_campaign_changelist")
        named = str(campaigns[0]) if len(campaigns) == 1 else f"{len(campaigns)} campaigns"
        return self._shown_page(
            request,
            "campaigns/turn.html",
            verb,
            campaigns[0],
            {
                "title": f"{verb}: {named}",
                "campaigns": campaigns,
                "named": named,
                "verb": verb,
                "is_final": to == Turn.END,
                "meaning": meaning,
                "effects": effects.effects_of(Turn(to), [row.pk for row in campaigns]),
            },
        )

    def _do_turn(
        self,
        request: HttpRequest,
        campaigns: list[Campaign],
        service: Callable[..., object],
        done: str,
    ) -> None:
        def turn_one(campaign: Campaign) -> None:
            service(campaign_id=campaign.pk)
            self.log_change(request, campaign, done.capitalize())

        run_on_each(self, request, campaigns, turn_one, f"campaigns {done}", f"campaign {done}")

    # The emergency stop

    def emergency(self, request: HttpRequest) -> HttpResponse:
        """Stop the whole shop, or lift that; what it means before it happens."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._do_emergency(request, request.POST.get("turn", ""))
            return HttpResponseRedirect(request.path)
        standing = selectors.emergency()
        turning = Turn.LIFT if standing.stopped else Turn.STOP
        meant = list(Campaign.objects.stoppable().values_list("pk", flat=True))
        context = {
            "standing": standing,
            "effects": effects.effects_of(turning, meant),
            "campaigns": Campaign.objects.stoppable().order_by("-pk")[:20],
            "count": len(meant),
        }
        return self._shown_page(
            request, "campaigns/emergency.html", "Emergency stop", None, context
        )

    def _do_emergency(self, request: HttpRequest, to: str) -> None:
        if to not in (Turn.STOP, Turn.LIFT):
            self.message_user(request, "Nothing was changed.", messages.WARNING)
            return
        if "sure" not in request.POST:
            self.message_user(
                request, "Nothing was changed: tick the box to say you mean it.", messages.ERROR
            )
            return
        stops = to == Turn.STOP
        turned = retrying(lambda: _emergency(stops))
        for campaign in turned:
            self.log_change(request, campaign, "Emergency stop" if stops else "Stop lifted")
        verb = "stopped" if stops else "going on"
        self.message_user(request, f"{len(turned)} campaigns are {verb}.", messages.SUCCESS)

    # What they share

    def _campaign_for(self, request: HttpRequest, object_id: str, *, change: bool) -> Campaign:
        campaign = self.get_object(request, object_id)
        if campaign is None:
            raise Http404
        allowed = self.has_change_permission if change else self.has_view_permission
        if not allowed(request, campaign):
            raise PermissionDenied
        return campaign

    def _tried(self, request: HttpRequest, call: Callable[[], object]) -> bool:
        """Whether a service did what it was asked; if not, the operator is told why."""
        try:
            retrying(lambda: _alone(call))
        except EngineError as error:
            self.message_user(request, str(error), messages.ERROR)
            return False
        return True

    def _shown_page(
        self,
        request: HttpRequest,
        template: str,
        title: str,
        campaign: Campaign | None,
        context: dict[str, Any],
    ) -> HttpResponse:
        return render(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "title": f"{title}: {campaign}" if campaign else title,
                "campaign": campaign,
                "state": selectors.state_of(campaign, clock.now()) if campaign else "",
                **context,
            },
        )


def _alone(call: Callable[[], object]) -> object:
    with transaction.atomic():
        return call()


def _change_budget(campaign: Campaign, given: dict[str, Any]) -> None:
    with transaction.atomic():
        services.budget_change(
            campaign_id=campaign.pk, amount_minor=given["amount_minor"], tail_bps=given["tail_bps"]
        )


def _copy(campaign: Campaign) -> Campaign:
    with transaction.atomic():
        return services.campaign_copy(campaign_id=campaign.pk, now=clock.now())


def _emergency(stops: bool) -> list[Campaign]:
    """Stop or lift; the campaigns that were turned by it."""
    with transaction.atomic():
        rows = Campaign.objects.stoppable() if stops else Campaign.objects.all()
        turning = list(rows.filter(stopped_at__isnull=stops))
        service = services.emergency_stop if stops else services.emergency_lift
        service(now=clock.now())
        return turning


def _named_parts(budget: Budget) -> list[tuple[str, BudgetPart]]:
    """What takes the budget, in words, with what no kind of award explains."""
    if budget.campaign_id is None or budget.pk is None:
        return []
    kinds = {str(kind): name for kind, name in words.KINDS} | words.OTHER_PARTS
    parts = effects.budget_parts(budget.campaign_id)
    rest = BudgetPart(
        "other",
        budget.reserved_minor - sum(part.reserved_minor for part in parts),
        budget.spent_minor - sum(part.spent_minor for part in parts),
    )
    named = [(kinds.get(part.kind, part.kind), part) for part in parts]
    return [*named, ("Other", rest)] if rest.reserved_minor or rest.spent_minor else named


def _bar(budget: Budget) -> dict[str, str]:
    """The widths of the budget's bar in percent: spent, reserved, and where tail and warning begin.

    The tail lies at the end of it.
    """
    whole = budget.amount_minor
    if not whole:
        return {}
    return {
        "spent_width": f"{100 * budget.spent_minor / whole:.2f}",
        "reserved_width": f"{100 * budget.reserved_minor / whole:.2f}",
        "tail_width": f"{100 * budget.tail_minor / whole:.2f}",
    }
