"""A partner's own page: what they brought and earned, for whoever has the address that was sent to
them. It is signed and ends by itself; nobody needs an account for it.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import clock, guesses
from apps.core.csv_export import Row, csv_response
from apps.core.errors import Invalid
from apps.invites.pages import page
from apps.members.models import Member
from apps.members.selectors import Face, faces
from apps.reports.selectors.statement import (
    Period,
    Statement,
    earnings,
    every_earning,
    fees_in,
    links_of,
    payables_of,
    statement_of,
)

_SALT = "reports.partner"
MONTHS = 12
SHOWN = 100
COLUMNS = (
    "earned_at",
    "campaign",
    "reward",
    "currency",
    "amount_minor",
    "taken_back_minor",
    "left_minor",
    "state",
    "statement",
    "kind",
)


def partner_token(member: Member) -> str:
    """What opens a member's own page, for `settings.PARTNER_PAGE_DAYS`."""
    return signing.TimestampSigner(salt=_SALT).sign(member.public_id)


def partner_path(member: Member) -> str:
    """The path of a member's own page."""
    return reverse("partner", args=[partner_token(member)])


def period_asked(since: str, until: str, *, now: dt.datetime) -> Period:
    """The period two texts name, each a day or a moment; from the month's first day (UTC) till now
    where they are empty. Raises Invalid, naming the field."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    period = Period(
        _moment(since, "/since") if since else month, _moment(until, "/until") if until else now
    )
    if period.since >= period.until:
        raise Invalid("It ends before it begins.", pointer="/until")
    return period


def _moment(text: str, pointer: str) -> dt.datetime:
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)):
            moment = dt.datetime.combine(day, dt.time())
    except ValueError:
        moment = None
    if moment is None or not 1970 <= moment.year <= 9000:
        raise Invalid("A day (2027-01-31) or a moment (2027-01-31T08:00:00Z).", pointer=pointer)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def earnings_csv(member: Member, period: Period) -> HttpResponseBase:
    """All that was earned in a period, and the fees entered in it, as a download."""
    day = period.since.date().isoformat()
    return csv_response(f"earnings-{day}.csv", COLUMNS, _rows(member, period))


def _rows(member: Member, period: Period) -> Iterator[Row]:
    for row in every_earning(member, period):
        yield (
            row.at.isoformat(),
            row.campaign_name,
            row.reference,
            row.currency,
            row.amount_minor,
            row.taken_back_minor,
            row.left_minor,
            row.state,
            row.payout,
            "reward",
        )
    for fee in fees_in(member, period).order_by("first_day", "pk"):
        yield (
            fee.first_day.isoformat(),
            fee.campaign.name,
            fee.public_id,
            fee.campaign.currency,
            fee.amount_minor,
            0,
            fee.amount_minor,
            "",
            "",
            "fee",
        )


def shown(statement: Statement) -> dict[str, object]:
    """What the pages show of a statement: its campaigns with their links, and its newest earnings."""
    payables = payables_of(statement.member, statement.period).select_related("payout")
    newest = list(payables.order_by("-pk")[: SHOWN + 1])
    return {
        "statement": statement,
        "face": faces({statement.member.pk}).get(statement.member.pk, Face("", "")),
        "places": [(place, links_of(place)) for place in statement.places],
        "earnings": earnings(newest[:SHOWN]),
        "is_more": len(newest) > SHOWN,
        "most": SHOWN,
    }


@dataclass(frozen=True)
class Month:
    """What a month is called, the query that asks for it, and whether it is what is shown."""

    name: str
    query: str
    is_shown: bool


def months(now: dt.datetime, shown_since: dt.datetime) -> Iterator[Month]:
    """The last months, this one first."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    until = (first + dt.timedelta(days=32)).replace(day=1)
    for _ in range(MONTHS):
        asked = {"since": first.date().isoformat(), "until": until.date().isoformat()}
        yield Month(f"{first:%B %Y}", urlencode(asked), first == shown_since)
        first, until = (first - dt.timedelta(days=1)).replace(day=1), first


@require_safe
@never_cache
def partner(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a month, this one if none is asked for."""
    return _answered(request, token, as_csv=False)


@require_safe
@never_cache
def partner_csv(request: HttpRequest, token: str) -> HttpResponse:
    """The same month's earnings as a file."""
    return _answered(request, token, as_csv=True)


def _answered(request: HttpRequest, token: str, *, as_csv: bool) -> HttpResponse:
    now = clock.now()
    try:
        guesses.demand_few(request.META)
        member = _member(token)
    except guesses.TooManyGuesses as error:
        return _gone(request, "guesses", error.status, dict(error.headers))
    if member is None:
        return _gone(request, "over", 404, guesses.guessed(request.META))
    try:
        asked = (request.GET.get("since", ""), request.GET.get("until", ""))
        period = period_asked(*asked, now=now)
    except Invalid:
        period = period_asked("", "", now=now)  # an address that was cut off
    if as_csv:
        return earnings_csv(member, period)  # type: ignore[return-value]
    query = urlencode({"since": period.since.isoformat(), "until": period.until.isoformat()})
    context = {
        **shown(statement_of(member, period)),
        "months": list(months(now, period.since)),
        "path": request.path,
        "csv_path": f"{reverse('partner-csv', args=[token])}?{query}",
    }
    response = page(request, "reports/partner.html", context)
    response["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response


def _member(token: str) -> Member | None:
    """Whose page a token opens; None when it is not one of ours, or over."""
    age = dt.timedelta(days=settings.PARTNER_PAGE_DAYS)
    try:
        named = signing.TimestampSigner(salt=_SALT).unsign(token, max_age=age)
    except signing.BadSignature:
        return None
    return Member.objects.filter(public_id=named).first()


def _gone(request: HttpRequest, why: str, status: int, told: dict[str, str]) -> HttpResponse:
    response = page(request, "reports/partner_gone.html", {"why": why}, status=status)
    for name, value in told.items():
        response[name] = value
    return response
