from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.core.admin import FactAdmin, FactInline, status_column
from apps.core.errors import EngineError
from apps.coupons.models import Batch, Template
from apps.invites import services
from apps.invites.chain_pages import ChainPages
from apps.invites.funnel_pages import FunnelPages
from apps.invites.models import (
    Act,
    CampaignOrder,
    CouponLink,
    Draw,
    Link,
    Participant,
    Share,
    Touch,
    Trace,
    Visit,
)
from apps.members.admin import member_column, member_name


class TraceInline(FactInline):
    model = Trace
    fk_name = "participant"


@admin.register(Participant)
class ParticipantAdmin(ChainPages, FactAdmin):
    list_display = (
        "public_id",
        member_column(),
        "campaign",
        status_column(),
        "generation",
        "brought_by",
        "variant",
        "crossed",
        "joined_at",
    )
    list_filter = ("status", "campaign", "generation", "variant", "crossed")
    list_select_related = ("campaign", "member__profile", "referrer__member__profile")
    search_fields = ("public_id", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (TraceInline,)

    @admin.display(description="Brought by", ordering="referrer")
    def brought_by(self, participant: Participant) -> str:
        referrer = participant.referrer
        return member_name(referrer.member) if referrer else "nobody: a seed"


@admin.register(Visit)
class VisitAdmin(FactAdmin):
    list_display = ("click_id", "link", "channel", "device", "skipped", "opened_at")
    list_filter = ("skipped", "device", "channel")
    list_select_related = ("link",)
    search_fields = ("click_id", "link__code")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Touch)
class TouchAdmin(FactAdmin):
    list_display = (member_column(), "campaign", "source", "link", "touched_at")
    list_filter = ("source", "campaign")
    list_select_related = ("member__profile", "campaign", "link")
    search_fields = ("member__public_id", "link__code")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Trace)
class TraceAdmin(FactAdmin):
    list_display = ("participant", "referrer", "decided_at")
    list_select_related = ("participant", "referrer")
    search_fields = ("participant__public_id",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Share)
class ShareAdmin(FunnelPages, FactAdmin):
    list_display = ("link", "whose", "channel", "shared_at")
    list_filter = ("channel",)
    list_select_related = ("link__participant__member__profile",)
    search_fields = ("link__code",)
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="Whose")
    def whose(self, share: Share) -> str:
        return member_name(share.link.participant.member)


class CouponLinkForm(forms.ModelForm):
    """Binds through the service; what it refuses is said at the form."""

    link = forms.ModelChoiceField(
        Link.objects.select_related("participant__campaign"),
        to_field_name="code",
        widget=UnfoldAdminTextInputWidget,
        label="Code of the link",
        help_text="Whoever takes one of the coupons was brought by whose link this is.",
        error_messages={"invalid_choice": "There is no link with this code."},
    )
    template = forms.ModelChoiceField(
        Template.objects.exclude(status=Template.Status.DRAFT).order_by("-pk"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        label="All coupons of a template",
        help_text="One that nothing else gives: a reward or a gift would bring people, too.",
    )
    batch = forms.ModelChoiceField(
        Batch.objects.select_related("template"),
        to_field_name="public_id",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        label="Or one batch, by its id",
        help_text="bat_…: codes of a mass issue, handed out by a partner, say.",
        error_messages={"invalid_choice": "There is no batch with this id."},
    )

    class Meta:
        model = CouponLink
        fields = ("link", "template", "batch")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if (given.get("template") is None) == (given.get("batch") is None):
            raise forms.ValidationError("Choose a template, or one of its batches.")
        if given.get("link") is not None:
            try:
                with transaction.atomic():
                    self.made = services.coupon_link_make(**given)
            except EngineError as error:
                raise forms.ValidationError(str(error)) from None
        return given


@admin.register(CouponLink)
class CouponLinkAdmin(FactAdmin):
    """Coupons that bring people. Bound once, for facts hang on it."""

    form = CouponLinkForm
    list_display = ("coupons", "link", "whose", "campaign", "created_at")
    list_filter = ("campaign",)
    list_select_related = (
        "link__participant__member__profile",
        "campaign",
        "template",
        "batch__template",
    )
    search_fields = ("link__code", "template__name", "batch__public_id")
    fields = ("link", "template", "batch")
    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invites.add_couponlink")

    @admin.display(description="Coupons")
    def coupons(self, row: CouponLink) -> str:
        if row.batch is not None:
            return f"{row.batch.template} · batch {row.batch}"
        return str(row.template)

    @admin.display(description="Brings to")
    def whose(self, row: CouponLink) -> str:
        return member_name(row.link.participant.member)

    def save_model(self, request: HttpRequest, obj: CouponLink, form: Any, change: bool) -> None:
        obj.pk, obj.campaign = form.made.pk, form.made.campaign


@admin.register(Act)
class ActAdmin(FactAdmin):
    list_display = ("public_id", "kind", "who", "campaign", "nth", "friend", "occurred_at")
    list_filter = ("kind", "campaign")
    list_select_related = (
        "campaign",
        "participant__member__profile",
        "referee__member__profile",
    )
    search_fields = (
        "public_id",
        "participant__public_id",
        "participant__member__public_id",
        "participant__member__identities__value",
        "order__order_id",
    )
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="Whose", ordering="participant")
    def who(self, act: Act) -> str:
        return member_name(act.participant.member)

    @admin.display(description="Friend", ordering="referee")
    def friend(self, act: Act) -> str:
        return member_name(act.referee.member) if act.referee else "–"


@admin.register(Draw)
class DrawAdmin(FactAdmin):
    list_display = ("public_id", "campaign", "variant", "visitor", "drawn_at")
    list_filter = ("campaign", "variant")
    list_select_related = ("campaign",)
    search_fields = ("public_id", "visitor")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(CampaignOrder)
class CampaignOrderAdmin(FactAdmin):
    list_display = ("order", "campaign", "participant")
    list_filter = ("campaign",)
    list_select_related = ("order", "campaign", "participant")
    search_fields = ("order__order_id",)
    ordering = ("-id",)
    show_full_result_count = False
