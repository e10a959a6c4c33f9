from django.contrib import admin

from apps.core.admin import FactAdmin, FactInline, status_column
from apps.invites.models import Act, CampaignOrder, Draw, Participant, Touch, Trace, Visit
from apps.members.admin import member_column, member_name


class TraceInline(FactInline):
    model = Trace
    fk_name = "participant"


@admin.register(Participant)
class ParticipantAdmin(FactAdmin):
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
