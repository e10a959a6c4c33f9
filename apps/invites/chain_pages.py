"""Pages of a participant in the admin: who brought them and why him, and whom they brought."""

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.admin import ModelAdmin
from unfold.decorators import action

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.invites.selectors import forest, may_move, tracing
from apps.members.admin import member_name

FRIENDS_ON_A_PAGE = 25
_ABOVE = 8

_FIXED_BY = {
    Campaign.QualifyingAct.JOIN.value: "joining",
    Campaign.QualifyingAct.ORDER.value: "a kept order",
    Campaign.QualifyingAct.ROOM.value: "a completed room",
}


class ChainPages(ModelAdmin):
    """The pages, and the ways to them."""

    actions_detail: tuple[Any, ...] = ("who_brought_them", "whom_they_brought")

    @action(description="Who brought them", url_path="trace", icon="help")
    def who_brought_them(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every decision about the referrer: what was weighed, what won, why the others lost."""
        participant = self._participant_for(request, object_id)
        decisions = [_told(row) for row in reversed(tracing.trace_of(participant))]
        context = {
            "decisions": decisions,
            "fixed_by": _FIXED_BY[participant.campaign.qualifying_act],
            "may_move": may_move(participant),
            "window": _in_words(participant.campaign.attribution_window),
            "override_url": self.override_address(request, participant),
        }
        title = f"Who brought {member_name(participant.member)}"
        return self._shown_page(request, "invites/admin/trace.html", title, participant, context)

    @action(description="Whom they brought", url_path="friends", icon="account_tree")
    def whom_they_brought(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Direct friends a page at a time, each with what hangs below them, and who is above."""
        participant = self._participant_for(request, object_id)
        friends = forest.friends(participant).select_related("member__profile").order_by("-pk")
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < 19:
            friends = friends.filter(pk__lt=int(before))
        page = list(friends[: FRIENDS_ON_A_PAGE + 1])
        shown = page[:FRIENDS_ON_A_PAGE]
        counted = forest.below([participant.pk, *(friend.pk for friend in shown)])
        above = forest.ancestors(participant, most=_ABOVE)
        prefetch_related_objects(above, "member__profile")
        context = {
            "below": counted[participant.pk],
            "friends": [
                {"row": friend, "name": member_name(friend.member), "below": counted[friend.pk]}
                for friend in shown
            ],
            "older": shown[-1].pk if len(page) > FRIENDS_ON_A_PAGE else None,
            "is_first_page": not before,
            "above": [(row, member_name(row.member)) for row in reversed(above)],
            "hidden_above": max(participant.generation - len(above), 0),
        }
        title = f"Whom {member_name(participant.member)} brought"
        return self._shown_page(request, "invites/admin/friends.html", title, participant, context)

    def override_address(self, request: HttpRequest, participant: Participant) -> str:
        """Where this operator may decide otherwise; "" where they may not, or nobody can here."""
        return ""

    def _participant_for(self, request: HttpRequest, object_id: str) -> Participant:
        """The participant, for whoever may see it. Raises Http404, PermissionDenied."""
        rows = Participant.objects.select_related(
            "campaign", "member__profile", "referrer__member__profile", "link"
        )
        participant = rows.filter(pk=object_id).first() if object_id.isdecimal() else None
        if participant is None:
            raise Http404
        if not self.has_view_permission(request, participant):
            raise PermissionDenied
        return participant

    def _shown_page(
        self,
        request: HttpRequest,
        template: str,
        title: str,
        participant: Participant,
        context: dict[str, Any],
    ) -> HttpResponse:
        referrer = participant.referrer
        return render(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "title": f"{title}: {participant.campaign}",
                "participant": participant,
                "campaign": participant.campaign,
                "name": member_name(participant.member),
                "referrer": referrer,
                "referrer_name": member_name(referrer.member) if referrer else "",
                **context,
            },
        )


def _in_words(duration: dt.timedelta) -> str:
    """A duration as one would say it: “7 days”, “1 day 12 hours”."""
    hours, minutes = duration.seconds // 3600, duration.seconds % 3600 // 60
    parts = [(duration.days, "day"), (hours, "hour"), (minutes, "minute")]
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " ".join(said) or "no time"


def _told(decided: tracing.Decided) -> dict[str, Any]:
    """A decision as the page tells it, with the names of those it names."""
    override = decided.override
    return {
        "at": decided.decided_at,
        "referrer": member_name(decided.referrer.member) if decided.referrer else "",
        "override": override,
        "author": tracing.override_author(override) if override else "",
        "candidates": [
            {"row": row, "name": member_name(row.referrer.member)} for row in decided.candidates
        ],
    }
