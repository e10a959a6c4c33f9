"""Grants and what was taken back of them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from apps.core import clock
from apps.core.admin import FactAdmin, FactInline, pk_in, run_on_each, status_column
from apps.members.admin import member_column
from apps.rewards import services
from apps.rewards.admin.asking import why_redirect
from apps.rewards.models import CapCounter, ClawBack, Grant
from apps.rewards.services.voiding import REASON_LENGTH

_VOIDABLE = (Grant.Status.PENDING, Grant.Status.SETTLED)


class VoidForm(BaseDialogForm):
    """Why it is taken back: the member may ask."""

    reason = forms.CharField(
        label="Why",
        max_length=REASON_LENGTH,
        help_text="The member may read it.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class ClawBackInline(FactInline):
    model = ClawBack


@admin.register(Grant)
class GrantAdmin(FactAdmin):
    list_display = (
        "public_id",
        member_column(),
        "campaign",
        "beneficiary",
        "kind",
        "amount",
        "taken_back",
        status_column(),
        "settle_at",
    )
    list_filter = ("status", "kind", "campaign", "beneficiary")
    list_select_related = ("member__profile", "campaign")
    search_fields = ("public_id", "member__public_id", "member__identities__value", "subject")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (ClawBackInline,)
    actions_detail = ("void", "why")

    def has_void_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may change grants, while something is left to take back."""
        if not request.user.has_perm("rewards.change_grant"):
            return False
        return (
            object_id is None
            or Grant.objects.filter(pk=pk_in(object_id), status__in=_VOIDABLE).exists()
        )

    @action(
        description="Take back",
        icon="undo",
        permissions=["void"],
        dialog={
            "title": "Take back all that is left of this grant",
            "description": "While it is pending it becomes void; once settled it is clawed back, and "
            "what was spent already becomes debt. That is final.",
            "form_class": VoidForm,
            "form_submit_text": "Take back",
        },
    )
    def void(self, request: HttpRequest, form: VoidForm, object_id: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        run_on_each(
            self,
            request,
            [row] if row else [],
            lambda grant: services.grant_void(
                public_id=grant.public_id,
                is_test=grant.campaign.is_test,
                reason=form.cleaned_data["reason"],
                by=request.user.get_username(),
                now=clock.now(),
            ),
            "grants taken back",
            "grant taken back",
        )
        here = reverse("admin:rewards_grant_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": here})

    @action(description="Why?", url_path="why", icon="help", permissions=["view"])
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The answers about the grant's member in its campaign."""
        grant = get_object_or_404(Grant.objects.select_related("campaign"), pk=pk_in(object_id))
        return why_redirect(member=grant.member, campaign=grant.campaign)


@admin.register(ClawBack)
class ClawBackAdmin(FactAdmin):
    list_display = ("grant", "amount", "owed", "lost", "cause", "taken_at")
    list_select_related = ("grant",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(CapCounter)
class CapCounterAdmin(FactAdmin):
    list_display = ("policy", "scope", "count")
    search_fields = ("policy", "scope")
    ordering = ("-id",)
    show_full_result_count = False
