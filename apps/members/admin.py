from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from apps.core.admin import Column, EngineAdmin, FactAdmin, FactInline, mode_column, run_on_each
from apps.members import services
from apps.members.models import Identity, Member, Profile, ServerKey


def member_column(field: str = "member", description: str = "Member") -> Column:
    """A list column with a member's nickname; select `<field>__profile` with the rows."""

    @admin.display(description=description, ordering=field)
    def column(row: Any) -> str:
        member = getattr(row, field)
        return member_name(member) if member else "–"

    return column


def member_name(member: Member) -> str:
    """The nickname, else the public id."""
    profile = getattr(member, "profile", None)
    return (profile.nickname if profile else "") or member.public_id


class IdentityInline(FactInline):
    model = Identity
    fields = ("kind", "namespace", "value", "created_at")


class ProfileInline(FactInline):
    model = Profile


@admin.register(Member)
class MemberAdmin(FactAdmin):
    list_display = ("public_id", "nickname", "external_id", mode_column, "created_at")
    list_filter = ("is_test", "created_at")
    list_select_related = ("profile",)
    search_fields = ("public_id", "identities__value", "profile__nickname")
    ordering = ("-id",)
    show_full_result_count = False
    inlines = (ProfileInline, IdentityInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        known_as = Identity.objects.filter(member=OuterRef("pk"), kind=Identity.Kind.EXTERNAL_ID)
        return super().get_queryset(request).annotate(shop_id=Subquery(known_as.values("value")))

    @admin.display(description="Nickname", ordering="profile__nickname", empty_value="–")
    def nickname(self, member: Any) -> str | None:
        profile = getattr(member, "profile", None)
        return (profile.nickname or None) if profile else None

    @admin.display(description="The shop's id", ordering="shop_id")
    def external_id(self, member: Any) -> str | None:
        return member.shop_id


@admin.register(Identity)
class IdentityAdmin(FactAdmin):
    list_display = (member_column(), "kind", "namespace", "value", mode_column)
    list_filter = ("kind", "is_test")
    search_fields = ("value", "member__public_id")
    list_select_related = ("member__profile",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Profile)
class ProfileAdmin(FactAdmin):
    list_display = ("member", "nickname", "updated_at")
    search_fields = ("nickname", "member__public_id")
    list_select_related = ("member",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(ServerKey)
class ServerKeyAdmin(EngineAdmin):
    list_display = ("name", "hint", mode_column, "created_at", "revoked_at")
    list_filter = ("is_test", ("revoked_at", admin.EmptyFieldListFilter))
    ordering = ("-id",)
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

    @admin.action(description="Revoke for good: whoever calls with these keys is turned away")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServerKey]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda key: services.server_key_revoke(key_id=key.pk),
            "keys revoked",
            "key revoked",
        )
