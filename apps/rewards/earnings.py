"""What somebody's links earned them in a campaign: the statement of a partner, or of anybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.campaigns.rules import AwardKind
from apps.invites.models import Participant
from apps.rewards.models import Grant

COLUMNS = (
    *("grant", "granted_at", "about", "as", "kind", "what", "amount", "currency", "taken_back"),
    *("left", "status", "settles_at", "settled_at"),
)
ROWS_AT_ONCE = 1_000

_IN_MONEY = AwardKind.PAYABLE


@dataclass(frozen=True)
class Earned:
    """Grants of one kind, in its units, after what was taken back."""

    kind: AwardKind
    grants: int
    waiting: int
    settled: int
    taken_back: int


def earned_by(participant: Participant) -> list[Earned]:
    """What a participant earned in their campaign, by kind of award."""
    left = F("amount") - F("taken_back")
    settled = Q(settled_at__isnull=False)
    sums = (
        _grants(participant)
        .values("kind")
        .annotate(
            grants=Count("pk"),
            waiting=Coalesce(Sum(left, filter=~settled), 0),
            settled=Coalesce(Sum(left, filter=settled), 0),
            taken=Coalesce(Sum("taken_back"), 0),
        )
        .order_by("kind")
    )
    return [
        Earned(AwardKind(row["kind"]), row["grants"], row["waiting"], row["settled"], row["taken"])
        for row in sums
    ]


def earning_rows(participant: Participant) -> Iterator[tuple[Any, ...]]:
    """Every grant as a line of the statement, the oldest first, read a thousand at a time."""
    currency = participant.campaign.currency
    rows = _grants(participant).order_by("pk")
    last = 0
    while page := list(rows.filter(pk__gt=last)[:ROWS_AT_ONCE]):
        last = page[-1].pk
        yield from (_line(grant, currency) for grant in page)


def _grants(participant: Participant) -> QuerySet[Grant]:
    return Grant.objects.filter(campaign=participant.campaign, member=participant.member_id)


def _line(grant: Grant, currency: str) -> tuple[Any, ...]:
    return (
        grant.public_id,
        grant.granted_at.isoformat(),
        grant.subject,
        grant.beneficiary,
        grant.kind,
        grant.what,
        grant.amount,
        currency if grant.kind == _IN_MONEY else "",
        grant.taken_back,
        grant.left,
        grant.status,
        grant.settle_at.isoformat() if grant.settle_at else "",
        grant.settled_at.isoformat() if grant.settled_at else "",
    )
