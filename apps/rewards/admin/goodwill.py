"""Goodwill: proposing presents for many, and deciding what somebody else proposed."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from apps.campaigns.rules import WORDS, Reason
from apps.campaigns.selectors import budget_of
from apps.core import clock
from apps.core.admin import FactAdmin, pk_in, run_on_each, status_column
from apps.core.errors import EngineError
from apps.core.templatetags.money import money
from apps.core.transactions import retrying
from apps.members.admin import member_name
from apps.members.models import Member
from apps.rewards import services
from apps.rewards.admin.goodwill_form import GoodwillForm
from apps.rewards.models import Goodwill
from apps.rewards.services.goodwill import proposed_by
from apps.rewards.why.asked import given

REFUSED_SHOWN = 100


@admin.register(Goodwill)
class GoodwillAdmin(FactAdmin):
    list_display = (
        "public_id",
        "campaign",
        "what",
        "progress",
        status_column(),
        "who",
        "proposed_at",
    )
    list_filter = ("status", "kind", "campaign", "proposed_at")
    list_select_related = ("campaign", "proposed_by", "decided_by")
    search_fields = ("public_id", "reason", "campaign__name")
    ordering = ("-id",)
    show_full_result_count = False
    fields = (
        ("public_id", "status"),
        "campaign",
        ("what", "costs"),
        "progress",
        "reason",
        ("who", "proposed_at"),
        ("decided", "decided_at"),
        "done_at",
        "left_out",
    )
    readonly_fields = ("what", "costs", "progress", "who", "decided", "left_out")
    actions_list = ("propose",)
    actions_detail = ("approve", "reject")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Goodwill]:
        return super().get_queryset(request).annotate(made=Count("grants"))

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("rewards.add_goodwill"))

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may change goodwill, of a proposal that waits and is not their own."""
        if not request.user.has_perm("rewards.change_goodwill"):
            return False
        if object_id is None:
            return True
        row = Goodwill.objects.filter(pk=pk_in(object_id), status=Goodwill.Status.PROPOSED).first()
        return row is not None and not proposed_by(row, _hand(request))

    @admin.display(description="Each gets")
    def what(self, row: Goodwill) -> str:
        return given(row.kind, row.amount, row.gift, row.campaign.currency)

    @admin.display(description="Costs")
    def costs(self, row: Goodwill) -> str:
        currency = row.campaign.currency
        each, members = row.unit_cost_minor, len(row.members)
        words = f"{money(each * members, currency)} for {members:,}, {money(each, currency)} each"
        budget = budget_of(row.campaign)
        if budget is None or budget.amount_minor is None:
            return words
        left = budget.amount_minor - budget.used_minor
        words += f"; {money(left, currency)} of the budget are left"
        short = row.status == Goodwill.Status.PROPOSED and left < each * members
        return f"{words}: not everybody will get it" if short else words

    @admin.display(description="Made")
    def progress(self, row: Any) -> str:
        refused, of_all = len(row.refusals), len(row.members)
        words = f"{row.made:,} of {of_all:,}" + (f", {refused:,} refused" if refused else "")
        return format_html(
            '<span class="engine goodwill-progress"><progress max="{}" value="{}" '
            'aria-hidden="true"></progress>{}</span>',
            of_all,
            row.made + refused,
            words,
        )

    @admin.display(description="Proposed by")
    def who(self, row: Goodwill) -> str:
        return str(row.proposed_by or f"the key {row.proposed_with}")

    @admin.display(description="Decided by")
    def decided(self, row: Goodwill) -> str:
        if row.status == Goodwill.Status.PROPOSED:
            return "nobody yet"
        return str(row.decided_by or f"the key {row.decided_with}")

    @admin.display(description="Who got nothing")
    def left_out(self, row: Goodwill) -> str:
        if not row.refusals:
            return "–"
        shown = list(row.refusals.items())[:REFUSED_SHOWN]
        members = Member.objects.select_related("profile").in_bulk([int(pk) for pk, _ in shown])
        lines = [
            (member_name(members[int(pk)]), WORDS[Reason(reason)].operator) for pk, reason in shown
        ]
        if len(row.refusals) > len(shown):
            lines.append((f"{len(row.refusals) - len(shown):,} more", ""))
        return format_html_join("", "<div>{}: {}</div>", lines)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = Goodwill.objects.filter(pk=pk_in(object_id)).first()
        if row and row.status == Goodwill.Status.PROPOSED and proposed_by(row, _hand(request)):
            self.message_user(
                request, "You proposed this: another operator has to approve it.", messages.INFO
            )
        return super().change_view(request, object_id, form_url, extra_context)

    @action(
        description="Give goodwill",
        url_path="propose",
        icon="volunteer_activism",
        permissions=["propose"],
    )
    def propose(self, request: HttpRequest) -> HttpResponse:
        """Propose the same present for a pasted or uploaded list of members."""
        if not self.has_propose_permission(request):
            raise PermissionDenied
        form = GoodwillForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                row = retrying(lambda: _propose(request, form))
            except EngineError as error:
                form.blame(error)
            else:
                words = f"Proposed for {len(row.members):,}: another operator has to approve it."
                self.message_user(request, words, messages.SUCCESS)
                here = reverse("admin:rewards_goodwill_change", args=[row.pk])
                return HttpResponseRedirect(here)
        context = {
            **self.admin_site.each_context(request),
            "title": "Give goodwill",
            "form": form,
        }
        return render(request, "admin/goodwill.html", context)

    @action(
        description="Approve",
        icon="check",
        permissions=["decide"],
        dialog={
            "title": "Approve this goodwill",
            "description": "The grants are made within a minute, as far as the budget goes.",
            "form_submit_text": "Approve",
        },
    )
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, services.goodwill_approve, "proposal approved")

    @action(
        description="Reject",
        icon="close",
        permissions=["decide"],
        dialog={
            "title": "Reject this goodwill",
            "description": "Nobody gets anything. That is final.",
            "form_submit_text": "Reject",
        },
    )
    def reject(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, services.goodwill_reject, "proposal rejected")

    def _decide(
        self, request: HttpRequest, object_id: str, decide: Callable[..., Goodwill], done: str
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        rows: Iterable[Any] = [row] if row else []
        run_on_each(
            self,
            request,
            rows,
            lambda found: decide(
                public_id=found.public_id,
                is_test=found.campaign.is_test,
                by=_hand(request),
                now=clock.now(),
            ),
            done,
            done,
        )
        here = reverse("admin:rewards_goodwill_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": here})


def _hand(request: HttpRequest) -> services.Hand:
    return services.Hand(operator_id=int(request.user.pk or 0))


def _propose(request: HttpRequest, form: GoodwillForm) -> Goodwill:
    with transaction.atomic():  # a refusal undoes nothing but itself
        return services.goodwill_propose(
            campaign=form.cleaned_data["campaign"],
            present=form.present(),
            member_ids=form.cleaned_data["member_ids"],
            reason=form.cleaned_data["reason"],
            by=_hand(request),
            now=clock.now(),
        )
