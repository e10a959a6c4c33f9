"""Pages of a participant that know of rewards, added from above: deciding who brought them, and the
statement of what their links brought and earned."""

from dataclasses import astuple, fields
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.campaigns.models import Campaign
from apps.campaigns.rules import AwardKind
from apps.core import clock
from apps.core.admin import FactAdmin
from apps.core.csv_export import csv_response
from apps.core.errors import EngineError
from apps.core.templatetags.money import money
from apps.core.transactions import retrying
from apps.invites.admin import ParticipantAdmin
from apps.invites.models import Link, Override, Participant
from apps.invites.selectors import tracing
from apps.invites.selectors.funnels import Funnel, funnels_by_channel, funnels_of_owner, summed
from apps.invites.services import Author
from apps.invites.services.overriding import REASON_LENGTH
from apps.members.admin import member_name
from apps.rewards import services
from apps.rewards.earnings import COLUMNS, Earned, earned_by, earning_rows
from apps.rewards.selectors import members_named, promised_above

NOBODY, ELSE = "nobody", "else"
_MOST_SUGGESTED = 8
FUNNELS_SHOWN = 100
FUNNEL_COLUMNS = ("link", *(field.name for field in fields(Funnel) if field.name != "name"))


class OverrideForm(forms.Form):
    """Those who were weighed are offered; anybody else is found by the shop's id or a link's code."""

    whom = forms.ChoiceField(label="Who brought them", widget=UnfoldAdminRadioSelectWidget())
    who_else = forms.CharField(
        label="Somebody else",
        required=False,
        max_length=128,
        help_text="The shop's own id of a participant of this campaign, or the code of their link.",
        widget=UnfoldAdminTextInputWidget(),
    )
    reason = forms.CharField(
        label="Why",
        max_length=REASON_LENGTH,
        help_text="Kept for good, and shown wherever somebody asks who brought them.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )

    def __init__(self, participant: Participant, data: Any = None) -> None:
        super().__init__(data)
        self.participant = participant
        choices = [(str(row.pk), member_name(row.member)) for row in _weighed(participant)]
        choices.append((ELSE, "Somebody else"))
        if participant.referrer_id is not None:
            choices.append((NOBODY, "Nobody: they came by themselves"))
        self.fields["whom"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        whom = cleaned.get("whom")
        cleaned["referrer_id"] = int(whom) if whom and whom.isdecimal() else None
        if whom == ELSE:
            found = _find(self.participant, cleaned.get("who_else", "").strip())
            if found is None:
                self.add_error("who_else", "No participant of this campaign is known by this.")
            else:
                cleaned["referrer_id"] = found.pk
        return cleaned


def _weighed(participant: Participant) -> list[Participant]:
    """Everybody some decision weighed, but who is the referrer now; the latest first."""
    found: dict[int, Participant] = {}
    for decided in reversed(tracing.trace_of(participant)):
        for row in reversed(decided.candidates):
            if row.referrer.pk not in (participant.referrer_id, participant.pk):
                found.setdefault(row.referrer.pk, row.referrer)
    return list(found.values())[:_MOST_SUGGESTED]


def _find(participant: Participant, known_as: str) -> Participant | None:
    rows = Participant.objects.filter(campaign=participant.campaign_id)
    ways = (
        Q(member__in=members_named(known_as, is_test=participant.campaign.is_test)),
        Q(pk__in=Link.objects.filter(code=known_as.lower()).values("participant")),
        Q(public_id=known_as),
    )
    found = (rows.filter(way).order_by("pk").first() for way in ways) if known_as else ()
    return next((row for row in found if row is not None), None)


class OverridableParticipantAdmin(ParticipantAdmin):
    """Participants, each with the way to decide who brought them."""

    actions_detail = (*ParticipantAdmin.actions_detail, "override", "statement")

    def override_address(self, request: HttpRequest, participant: Participant) -> str:
        if not self.has_override_permission(request):
            return ""
        return reverse("admin:invites_participant_override", args=[participant.pk])

    def has_override_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whether an operator may override; Unfold hides the button from others."""
        return request.user.has_perm("invites.add_override")

    @action(
        description="Decide otherwise …",
        url_path="override",
        icon="edit",
        permissions=["override"],
    )
    def override(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Decide who brought them, with a reason, while nothing was paid on it."""
        participant = self._participant_for(request, object_id)
        if not self.has_override_permission(request):
            raise PermissionDenied
        form = OverrideForm(participant, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                retrying(
                    lambda: _override(participant, form.cleaned_data, int(request.user.pk or 0))
                )
            except EngineError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, "Decided. The trace says so.", messages.SUCCESS)
                return redirect("admin:invites_participant_who_brought_them", participant.pk)
        context = {
            "form": form,
            "promised": promised_above(participant),
            "has_friends": participant.referees.exists(),
        }
        title = f"Decide who brought {member_name(participant.member)}"
        return self._shown_page(request, "rewards/override.html", title, participant, context)

    @action(description="Statement", url_path="statement", icon="receipt_long")
    def statement(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What a partner's links, or anybody's, brought and earned; as a page or as CSV."""
        participant = self._participant_for(request, object_id)
        export = request.GET.get("export", "")
        if export == "grants":
            rows = earning_rows(participant)
            return csv_response(f"rewards-{participant.public_id}.csv", COLUMNS, rows)
        links = funnels_of_owner(participant, most=None if export else FUNNELS_SHOWN)
        if export == "links":
            lines = (astuple(link) for link in links)
            return csv_response(f"links-{participant.public_id}.csv", FUNNEL_COLUMNS, lines)
        shown = list(links)
        context = {
            "earned": [_in_units(row, participant.campaign) for row in earned_by(participant)],
            "links": shown,
            "whole": summed(funnels_by_channel(participant.campaign, owner=participant.pk)),
        }
        title = f"Statement of {member_name(participant.member)}"
        return self._shown_page(request, "rewards/statement.html", title, participant, context)


_KINDS = {
    AwardKind.POINTS: "Points",
    AwardKind.COUPON: "Coupons",
    AwardKind.GROWTH: "Growth value",
    AwardKind.PAYABLE: "Commission",
    AwardKind.CUSTOM: "Gifts",
}


def _in_units(row: Earned, campaign: Campaign) -> dict[str, str]:
    """A kind of award as the page shows it: money as money, all else as a number."""
    in_money = row.kind is AwardKind.PAYABLE
    amounts = {"waiting": row.waiting, "settled": row.settled, "taken_back": row.taken_back}
    shown = {
        name: (money(amount, campaign.currency) if in_money else f"{amount:,}") if amount else ""
        for name, amount in amounts.items()
    }
    nothing = money(0, campaign.currency) if in_money else "0"
    return {
        "name": _KINDS[row.kind],
        "waiting": shown["waiting"] or nothing,
        "settled": shown["settled"] or nothing,
        "taken_back": shown["taken_back"],
    }


def _override(participant: Participant, given: dict[str, Any], operator: int) -> Override:
    with transaction.atomic():
        return services.referrer_override(
            participant_id=participant.pk,
            referrer_id=given["referrer_id"],
            reason=given["reason"],
            author=Author(operator=operator),
            now=clock.now(),
        )


admin.site.unregister(Participant)
admin.site.register(Participant, OverridableParticipantAdmin)


@admin.register(Override)
class OverrideAdmin(FactAdmin):
    list_display = (
        "public_id",
        "whom",
        "was",
        "became",
        "reason",
        "author",
        "overridden_at",
    )
    list_select_related = (
        "participant__member__profile",
        "before__member__profile",
        "referrer__member__profile",
        "overridden_by",
    )
    search_fields = ("public_id", "participant__public_id", "participant__member__public_id")
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="Whom it is about")
    def whom(self, override: Override) -> str:
        return member_name(override.participant.member)

    @admin.display(description="Was brought by")
    def was(self, override: Override) -> str:
        return member_name(override.before.member) if override.before else "nobody"

    @admin.display(description="Now by")
    def became(self, override: Override) -> str:
        return member_name(override.referrer.member) if override.referrer else "nobody"

    @admin.display(description="Who decided")
    def author(self, override: Override) -> str:
        return tracing.override_author(override)
