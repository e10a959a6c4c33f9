from django.contrib import admin

from apps.core.admin import FactAdmin, mode_column
from apps.facts.models import Fact
from apps.members.admin import member_column


@admin.register(Fact)
class FactsAdmin(FactAdmin):
    list_display = ("public_id", "kind", member_column(), "occurred_at", "key", mode_column)
    list_filter = ("kind", "is_test")
    list_select_related = ("member__profile",)
    search_fields = ("public_id", "key", "member__public_id", "member__identities__value")
    ordering = ("-id",)
    show_full_result_count = False
