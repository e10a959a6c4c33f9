"""What a campaign cost outside its budget: the page to enter it on, and the list of all of it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminBigIntegerFieldWidget,
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from apps.campaigns import selectors, services
from apps.campaigns.admin.pages import CampaignPages
from apps.campaigns.models import Campaign, CampaignCost
from apps.core import clock
from apps.core.admin import FactAdmin, money_column, pk_in
from apps.core.errors import EngineError
from apps.core.transactions import retrying
from apps.members.admin import member_name

MOST = 10**15
SHOWN = 500


class CostForm(forms.Form):
    kind = forms.ChoiceField(
        label="Spent on", choices=CampaignCost.Kind.choices, widget=UnfoldAdminSelectWidget()
    )
    amount_minor = forms.IntegerField(
        label="Amount in minor units",
        min_value=1,
        max_value=MOST,
        widget=UnfoldAdminBigIntegerFieldWidget(),
        help_text="In the campaign's currency: 500000 is 5,000.00.",
    )
    first_day = forms.DateField(label="Day, or the first of them", widget=UnfoldAdminDateWidget())
    last_day = forms.DateField(
        label="Last day",
        required=False,
        widget=UnfoldAdminDateWidget(),
        help_text="Empty: that one day. In the campaign's time zone.",
    )
    partner = forms.CharField(
        label="Whose fee",
        max_length=128,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The partner's id in the shop: their statement shows the fee.",
    )
    note = forms.CharField(
        label="Note", max_length=300, required=False, widget=UnfoldAdminTextInputWidget()
    )


class CostPages(CampaignPages):
    """The page of a campaign's costs, and the way to it."""

    actions_detail = (
        *CampaignPages.actions_detail[:2],
        "outside_costs",
        *CampaignPages.actions_detail[2:],
    )

    @action(description="Costs", url_path="costs", icon="receipt_long")
    def outside_costs(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What was spent on ads and partners, with a form to enter more or take something back."""
        campaign = self._campaign_for(request, object_id, change=request.method == "POST")
        takes_back = "reverse" in request.POST
        form = CostForm(
            request.POST if request.method == "POST" and not takes_back else None,
            initial={"first_day": clock.now().date()},
        )
        if request.method == "POST" and (takes_back or form.is_valid()):
            if takes_back:
                done = self._tried(request, lambda: _reverse(request, campaign))
            else:
                done = _entered(request, campaign, form)
            if done:
                said = "The cost is taken back." if takes_back else "The cost is kept."
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(request.path)
        context = {
            "form": form,
            "costs": [
                (cost, member_name(cost.partner) if cost.partner else "")
                for cost in selectors.costs_of(campaign).order_by("-pk")[:SHOWN]
            ],
            "total": selectors.costs_minor(campaign),
            "may_change": self.has_change_permission(request, campaign),
        }
        return self._shown_page(request, "campaigns/costs.html", "Costs", campaign, context)


def _author(request: HttpRequest) -> services.CostAuthor:
    return services.CostAuthor(operator_id=int(request.user.pk or 0))


def _entered(request: HttpRequest, campaign: Campaign, form: CostForm) -> bool:
    """Whether the cost was taken; if not, the form says why."""
    told = form.cleaned_data
    last_day = told["last_day"] or told["first_day"]
    report = services.CostReport(**{**told, "last_day": last_day, "currency": campaign.currency})

    def enter() -> None:
        with transaction.atomic():
            services.cost_enter(
                campaign=campaign, report=report, author=_author(request), now=clock.now()
            )

    try:
        retrying(enter)
    except EngineError as error:
        form.add_error(error.pointer.strip("/") or None, str(error))
        return False
    return True


def _reverse(request: HttpRequest, campaign: Campaign) -> object:
    cost = CampaignCost.objects.filter(campaign=campaign, pk=pk_in(request.POST["reverse"]))
    return services.cost_reverse(
        cost_id=cost.values_list("pk", flat=True).first() or 0,
        note="",
        author=_author(request),
        now=clock.now(),
    )


@admin.register(CampaignCost)
class CampaignCostAdmin(FactAdmin):
    list_display = (
        "campaign",
        "kind",
        money_column("amount_minor", "Amount", currency="campaign.currency"),
        "first_day",
        "last_day",
        "whose",
        "note",
        "who",
        "entered_at",
    )
    list_filter = ("kind", "campaign")
    list_select_related = ("campaign", "entered_by", "partner__profile")
    search_fields = ("public_id", "campaign__name", "note")
    ordering = ("-id",)

    @admin.display(description="Whose", ordering="partner")
    def whose(self, cost: Any) -> str:
        return member_name(cost.partner) if cost.partner else ""

    @admin.display(description="Entered by", ordering="entered_by")
    def who(self, cost: Any) -> str:
        return cost.entered_by.get_username() if cost.entered_by else cost.entered_with
