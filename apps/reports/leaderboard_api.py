"""Door: who brought most to a campaign."""

import datetime as dt
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.api import EngineView
from apps.core.callers import Door, caller_of, is_test
from apps.core.errors import Invalid, NotFound
from apps.reports.ranking import (
    EARLIEST,
    LATEST,
    MOST_SHOWN,
    Days,
    Period,
    Standings,
    days_of,
)
from apps.reports.selectors import leaderboards
from apps.reports.selectors.leaderboards import Own, Shown

SHOWN = 20


class LeaderboardHidden(NotFound):
    code = "leaderboard_hidden"
    message = "This campaign shows no leaderboard on phones."


class LeaderOutput(serializers.Serializer[Any]):
    """Ties share a rank: 1, 1, 3."""

    rank = serializers.IntegerField()
    referees = serializers.IntegerField(help_text="Confirmed ones of these days.")
    nickname = serializers.CharField(allow_blank=True)
    avatar_url = serializers.CharField(allow_blank=True)
    me = serializers.BooleanField()
    participant = serializers.CharField(
        allow_null=True, help_text="For the shop's own backend only; null on phones."
    )


class OwnRankOutput(serializers.Serializer[Any]):
    rank = serializers.IntegerField(allow_null=True, help_text="Null of who brought nobody yet.")
    referees = serializers.IntegerField()


class LeaderboardOutput(serializers.Serializer[Any]):
    campaign = serializers.CharField()
    period = serializers.CharField(allow_null=True)
    first_day = serializers.DateField(allow_null=True, source="days.first")
    last_day = serializers.DateField(allow_null=True, source="days.last")
    time_zone = serializers.CharField(help_text="Whose days these are: the campaign's.")
    participants = serializers.IntegerField(help_text="How many brought somebody in these days.")
    tied_and_not_shown = serializers.IntegerField(
        help_text="How many more share the rank of the last place shown."
    )
    me = OwnRankOutput(allow_null=True, help_text="Null of who does not take part.")
    results = LeaderOutput(many=True)


class LeaderboardView(EngineView):
    """Who brought most, by confirmed referees.

    Phones see it when the campaign says so, with as many places as it says, of one `period`, and not
    older than half a minute. The shop's own backend may ask for any days instead.
    """

    doors = (Door.MEMBER, Door.SERVER)
    scope = "reports"

    @extend_schema(
        operation_id="campaign_leaderboard",
        responses=LeaderboardOutput,
        parameters=[
            OpenApiParameter("period", str, enum=list(Period), description="Absent: all."),
            OpenApiParameter("from", dt.date, description="The first day, for the shop only."),
            OpenApiParameter("to", dt.date, description="The last day, for the shop only."),
            OpenApiParameter(
                "limit", int, description=f"Places, for the shop only: 1 to {MOST_SHOWN}."
            ),
        ],
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        caller = caller_of(request)
        member_id = caller.member_id if caller else None
        if member_id is None:
            period, days = _asked_days(request, campaign)
            found = leaderboards.campaign_standings(campaign, days, most=_limit(request))
            return Response(_told(campaign, period, days, found, None, with_ids=True))
        if campaign.leaderboard_size is None:
            raise LeaderboardHidden()
        period = _period(request)
        days = days_of(period, clock.now(), campaign.time_zone)
        whole = leaderboards.kept_standings(campaign, days)
        own = leaderboards.own_place(campaign, member_id, days, whole)
        best = whole.best(campaign.leaderboard_size)
        return Response(_told(campaign, period, days, best, own, with_ids=False))


def _period(request: Request) -> Period:
    asked = request.query_params.get("period", Period.ALL)
    if asked not in list(Period):
        raise Invalid(f"period is one of {', '.join(Period)}.", pointer="/period")
    return Period(asked)


def _asked_days(request: Request, campaign: Campaign) -> tuple[Period | None, Days]:
    """The days a shop asks for: of a period, or from one to another."""
    first, last = (_day(request, name) for name in ("from", "to"))
    if first is None and last is None:
        period = _period(request)
        return period, days_of(period, clock.now(), campaign.time_zone)
    if "period" in request.query_params:
        raise Invalid("Ask for a period, or for days.", pointer="/period")
    if first and last and last < first:
        raise Invalid("The last day comes before the first.", pointer="/to")
    return None, Days(first, last)


def _day(request: Request, name: str) -> dt.date | None:
    asked = request.query_params.get(name)
    if asked is None:
        return None
    try:
        day = dt.date.fromisoformat(asked)
    except ValueError:
        day = dt.date.min
    if not EARLIEST <= day <= LATEST:
        raise Invalid(f"{name} is a day such as 2026-11-25.", pointer=f"/{name}")
    return day


def _limit(request: Request) -> int:
    asked = request.query_params.get("limit", str(SHOWN))
    if not (asked.isascii() and asked.isdecimal() and 1 <= int(asked[:9]) <= MOST_SHOWN):
        raise Invalid(f"limit lies between 1 and {MOST_SHOWN}.", pointer="/limit")
    return int(asked)


def _told(
    campaign: Campaign,
    period: Period | None,
    days: Days,
    found: Standings,
    own: Own | None,
    *,
    with_ids: bool,
) -> dict[str, Any]:
    answer = {
        "campaign": campaign.public_id,
        "period": period,
        "days": days,
        "time_zone": campaign.time_zone,
        "participants": found.participants,
        "tied_and_not_shown": found.tied_and_not_shown,
        "me": own,
        "results": [
            _place(row, own, with_ids=with_ids) for row in leaderboards.shown_places(found.places)
        ],
    }
    return dict(LeaderboardOutput(answer).data)


def _place(row: Shown, own: Own | None, *, with_ids: bool) -> dict[str, Any]:
    return {
        "rank": row.place.rank,
        "referees": row.place.referees,
        "nickname": row.face.nickname,
        "avatar_url": row.face.avatar_url,
        "me": own is not None and own.participant == row.place.participant,
        "participant": row.public_id if with_ids else None,
    }
