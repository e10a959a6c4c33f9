from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.core.admin import FactAdmin, FactInline, run_on_each
from apps.members import services
from apps.members.models import Identity, Member, Profile, ServerKey


class IdentityInline(FactInline):
    model = Identity


class ProfileInline(FactInline):
    model = Profile


@admin.register(Member)
class MemberAdmin(FactAdmin):
    list_display = ("public_id", "profile", "is_test", "first_order_at", "created_at")
    list_filter = ("is_test",)
    list_select_related = ("profile",)
    search_fields = ("public_id", "identities__value", "profile__nickname")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (ProfileInline, IdentityInline)


@admin.register(Identity)
class IdentityAdmin(FactAdmin):
    list_display = ("member", "kind", "namespace", "value", "is_test")
    list_filter = ("kind", "is_test")
    search_fields = ("value",)
    list_select_related = ("member",)
    show_full_result_count = False


@admin.register(Profile)
class ProfileAdmin(FactAdmin):
    list_display = ("member", "nickname", "updated_at")
    search_fields = ("nickname", "member__public_id")
    list_select_related = ("member",)
    show_full_result_count = False


@admin.register(ServerKey)
class ServerKeyAdmin(ModelAdmin):
    list_display = ("name", "hint", "is_test", "created_at", "revoked_at")
    list_filter = ("is_test",)
    fields = ("name", "is_test")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ServerKey, form: Any, change: bool) -> None:
        row, text = services.server_key_create(name=obj.name, is_test=obj.is_test)
        obj.pk = row.pk
        self.message_user(request, f"The key, shown this once: {text}", messages.WARNING)

    @admin.action(description="Revoke the chosen keys for good")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServerKey]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda key: services.server_key_revoke(key_id=key.pk),
            "keys revoked",
        )
