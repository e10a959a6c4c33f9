"""Who brought most to a campaign, counted from the chain itself.

A referee counts once confirmed, for who is their referrer now, at the moment of the confirmation: a
provisional one may still turn out to be somebody else's. A refund unconfirms nobody, so it takes no
place away: an order that must be kept to qualify had to be kept before. Test members never meet a
live campaign. Who has a grant in review, which is what a suspicion leaves today, stands nowhere
until it is settled, and neither does anybody hear of it.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.invites.models import Participant
from apps.members.selectors import Face, faces
from apps.reports.ranking import MOST_SHOWN, Days, Place, Rung, Standings, standings

log = logging.getLogger(__name__)

# Phones ask often and all at once: for how long they are told the same, for how long one of them may
# count it anew, and when it is too old to tell meanwhile.
KEPT_SECONDS = 30
COUNTING_SECONDS = 10
FORGOTTEN_SECONDS = 45

_IN_TIME = "confirmed_at >= %(since)s::timestamptz AND confirmed_at < %(until)s::timestamptz"

_IN_REVIEW = """
SELECT p.id FROM rewards_grant g
JOIN invites_participant p ON p.campaign_id = g.campaign_id AND p.member_id = g.member_id
WHERE g.campaign_id = %(campaign)s::bigint AND g.status = 'review'
"""

# The index `participant_brought` (reports/0020) holds all of what this reads of participants, and
# `grant_in_review` (reports/0022) whom it leaves out.
_COUNTED = f"""
WITH counted AS MATERIALIZED (
    SELECT referrer_id, count(*) AS referees, max(confirmed_at) AS reached_at
    FROM invites_participant
    WHERE campaign_id = %(campaign)s::bigint AND status = 'confirmed' AND referrer_id IS NOT NULL
      AND {_IN_TIME} AND referrer_id <> ALL (ARRAY({_IN_REVIEW}))
    GROUP BY referrer_id
), best AS (
    SELECT referrer_id, referees, reached_at FROM counted
    ORDER BY referees DESC, reached_at, referrer_id LIMIT %(most)s::bigint
), rung AS (
    SELECT referees, count(*) AS participants FROM counted GROUP BY referees
)
SELECT 0, referrer_id, referees, reached_at FROM best
UNION ALL
SELECT 1, participants, referees, NULL FROM rung
ORDER BY 1, 3 DESC, 4, 2
"""

_OWN = f"""
SELECT count(*) FROM invites_participant
WHERE referrer_id = %(participant)s::bigint AND status = 'confirmed' AND {_IN_TIME}
"""

_UNDER_REVIEW = f"SELECT EXISTS ({_IN_REVIEW} AND p.id = %(participant)s::bigint)"


@dataclass(frozen=True)
class Own:
    """Where the one who asks stands; without a rank who brought nobody in this time."""

    participant: int
    rank: int | None
    referees: int


def campaign_standings(campaign: Campaign, days: Days, *, most: int = MOST_SHOWN) -> Standings:
    """The standings of these days in the campaign's time zone, with `most` places at most.

    One query over the referees confirmed in these days. Among equals who got there first stands
    first; the rank is the same.
    """
    rows = statements.run(_COUNTED, {**_asked(campaign, days), "most": most})
    counted = [(int(who), int(referees)) for kind, who, referees, _ in rows if kind == 0]
    rungs = [Rung(int(referees), int(many)) for kind, many, referees, _ in rows if kind == 1]
    return standings(counted, rungs)


def kept_standings(campaign: Campaign, days: Days) -> Standings:
    """As `campaign_standings`, half a minute old or so; counted anew while the cache is away.

    When that is over, one of those who ask counts; the others are told what was kept meanwhile.
    """
    key = kept_as(campaign, days)
    try:
        kept: tuple[Standings, float] | None = cache.get(key)
        if kept is not None:
            found, until = kept
            if time.time() < until or not cache.add(f"{key}:counting", 1, timeout=COUNTING_SECONDS):
                return found
        found = campaign_standings(campaign, days)
        cache.set(key, (found, time.time() + KEPT_SECONDS), timeout=FORGOTTEN_SECONDS)
        return found
    except RedisError as error:
        log.warning("leaderboards are counted each time: %s", error)
        return campaign_standings(campaign, days)


def kept_as(campaign: Campaign, days: Days) -> str:
    """The name these standings are kept under."""
    return f"leaderboard:{campaign.public_id}:{days.first}:{days.last}:{campaign.time_zone}"


def own_place(campaign: Campaign, member_id: int, days: Days, found: Standings) -> Own | None:
    """Where this member stands; None of who does not take part.

    Somebody who is shown stands where they are shown, so that a page never contradicts itself.
    """
    mine = Participant.objects.filter(campaign=campaign, member_id=member_id).values_list("pk")
    if (row := mine.first()) is None:
        return None
    participant: int = row[0]
    shown = next((place for place in found.places if place.participant == participant), None)
    if shown is not None:
        return Own(participant, shown.rank, shown.referees)
    asked = {**_asked(campaign, days), "participant": participant}
    referees = int(statements.run(_OWN, asked)[0][0])
    in_review = bool(statements.run(_UNDER_REVIEW, asked)[0][0])
    return Own(participant, None if in_review else found.rank_of(referees), referees)


@dataclass(frozen=True)
class Shown:
    """A place with who stands there, as others may see them."""

    place: Place
    public_id: str
    face: Face


def shown_places(places: Iterable[Place]) -> list[Shown]:
    """The places with their faces. Two queries. Who has no nickname has none here either."""
    wanted = list(places)
    rows = Participant.objects.filter(pk__in=[place.participant for place in wanted])
    people = {
        pk: (public, member)
        for pk, public, member in rows.values_list("pk", "public_id", "member_id")
    }
    known = faces({member for _, member in people.values()})
    nobody = Face("", "")
    return [
        Shown(place, people[place.participant][0], known.get(people[place.participant][1], nobody))
        for place in wanted
    ]


def _asked(campaign: Campaign, days: Days) -> dict[str, object]:
    since, until = days.instants(campaign.time_zone)
    return {
        "campaign": campaign.pk,
        "since": since.isoformat() if since else "-infinity",
        "until": until.isoformat() if until else "infinity",
    }
