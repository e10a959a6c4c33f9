from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import FactAdmin, FactInline, run_on_each
from apps.invites import services
from apps.invites.models import CampaignOrder, Link, Participant, Touch, Trace, Visit


class TraceInline(FactInline):
    model = Trace
    fk_name = "participant"


@admin.register(Participant)
class ParticipantAdmin(FactAdmin):
    list_display = (
        "public_id",
        "campaign",
        "member",
        "status",
        "generation",
        "referrer",
        "joined_at",
    )
    list_filter = ("status", "campaign")
    list_select_related = ("campaign", "member", "referrer")
    search_fields = ("public_id", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (TraceInline,)


@admin.register(Link)
class LinkAdmin(FactAdmin):
    list_display = ("code", "participant", "room", "created_at", "revoked_at")
    list_select_related = ("participant",)
    search_fields = ("code", "participant__public_id", "room")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("revoke",)

    @admin.action(description="Revoke: these links bring nobody any more")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Link]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda link: services.link_revoke(link_id=link.pk),
            "links revoked",
        )


@admin.register(Visit)
class VisitAdmin(FactAdmin):
    list_display = ("click_id", "link", "channel", "skipped", "opened_at")
    list_filter = ("skipped", "channel")
    list_select_related = ("link",)
    search_fields = ("click_id", "link__code")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Touch)
class TouchAdmin(FactAdmin):
    list_display = ("member", "campaign", "source", "link", "touched_at")
    list_filter = ("source", "campaign")
    list_select_related = ("member", "campaign", "link")
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


@admin.register(CampaignOrder)
class CampaignOrderAdmin(FactAdmin):
    list_display = ("order", "campaign", "participant")
    list_filter = ("campaign",)
    list_select_related = ("order", "campaign", "participant")
    search_fields = ("order__order_id",)
    ordering = ("-id",)
    show_full_result_count = False
