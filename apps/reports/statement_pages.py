"""A member's statement in the admin, and the address of the page that is theirs."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action

from apps.core import clock
from apps.core.admin import pk_in
from apps.core.errors import Invalid
from apps.invites.openings import public_url
from apps.members.admin import member_name
from apps.members.models import Member
from apps.reports.partner_page import earnings_csv, months, partner_path, period_asked, shown
from apps.reports.selectors.statement import Period, lists_of_now, statement_of


class StatementPages(ModelAdmin):
    """The pages, and the way to them from a member."""

    actions_detail: tuple[Any, ...] = ("statement", "earnings")

    @action(description="Statement", url_path="statement", icon="receipt_long")
    def statement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What they brought and earned in a month, and the address of their own page."""
        member, period = self._asked(request, object_id)
        query = urlencode({"since": period.since.isoformat(), "until": period.until.isoformat()})
        context = {
            **self.admin_site.each_context(request),
            **shown(statement_of(member, period)),
            "title": f"Statement of {member_name(member)}",
            "months": list(months(clock.now(), period.since)),
            "lists": lists_of_now(member),
            "page_url": public_url(request, partner_path(member)),
            "csv_path": f"{reverse('admin:members_member_earnings', args=[member.pk])}?{query}",
        }
        return render(request, "admin/statement.html", context)

    @action(description="Earnings as CSV", url_path="earnings.csv", icon="download")
    def earnings(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """All that they earned in the month, as a file."""
        return earnings_csv(*self._asked(request, object_id))

    def _asked(self, request: HttpRequest, object_id: str) -> tuple[Member, Period]:
        rows = Member.objects.select_related("profile")
        member = get_object_or_404(rows, pk=pk_in(object_id))
        if not (
            self.has_view_permission(request, member)
            and request.user.has_perm("obligations.view_payable")
        ):
            raise PermissionDenied
        now = clock.now()
        try:
            asked = (request.GET.get("since", ""), request.GET.get("until", ""))
            return member, period_asked(*asked, now=now)
        except Invalid:
            return member, period_asked("", "", now=now)
