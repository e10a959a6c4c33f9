"""Reading links: their terms and standing, what they brought, and where they lead."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from apps.campaigns.models import Campaign
from apps.core import statements
from apps.core.errors import NotFound
from apps.invites.models import Landing, Link, Target, Visit
from apps.invites.rules import (
    CampaignTerms,
    LinkTerms,
    Platform,
    Standing,
    code_meant,
    next_change,
    standing,
)
from apps.invites.selectors.tokens import VisitTokenInvalid, visit_by_token
from apps.members.selectors import Face, faces


def terms_of(link: Link) -> LinkTerms:
    """A link's own terms, as the rule reads them."""
    return LinkTerms(
        revoked=link.revoked_at is not None,
        starts_at=link.starts_at,
        expires_at=link.expires_at,
        max_opens=link.max_opens,
    )


def campaign_terms_of(campaign: Campaign) -> CampaignTerms:
    """When a campaign is shown, as the rule reads it."""
    over = campaign.status == Campaign.Status.ENDED
    published = (Campaign.Status.SCHEDULED, Campaign.Status.RUNNING)
    return CampaignTerms(
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        shown_from=campaign.shown_from,
        over=over,
        halted=not over and (campaign.status not in published or campaign.stopped_at is not None),
    )


def in_time(link: Link, now: dt.datetime) -> bool:
    """Whether `now` lies in [starts_at, expires_at): a code typed outside brings nobody."""
    begun = link.starts_at is None or link.starts_at <= now
    return begun and (link.expires_at is None or now < link.expires_at)


def opens_of(link: Link) -> int:
    """How often people opened a link, for one that counts it: 0 where there is no `max_opens`.

    An index range of the link's own visits; nobody keeps a counter.
    """
    if link.max_opens is None:
        return 0
    return Visit.objects.filter(link=link, skipped="").count()


def standing_of(link: Link, now: dt.datetime) -> Standing:
    """What opening a link at `now` does. One query where the link has `max_opens`, else none."""
    campaign = link.participant.campaign
    return standing(terms_of(link), campaign_terms_of(campaign), now=now, opens=opens_of(link))


def changes_at(link: Link, now: dt.datetime) -> dt.datetime | None:
    """Until when a page of this link may be kept: the next moment at which it may be another by itself.

    A link with `max_opens` changes with any visit, so no page of it may be kept at all.
    """
    campaign = link.participant.campaign
    return next_change(terms_of(link), campaign_terms_of(campaign), now=now)


def target_of(campaign: Campaign, platform: Platform) -> Target | None:
    """Where the campaign's links lead on this platform, if the operator named a place."""
    return Target.objects.filter(landing__campaign=campaign, platform=platform).first()


def logo_of(campaign: Campaign) -> bytes | None:
    """The PNG in the middle of the campaign's QR codes."""
    return _picture_of(campaign, "logo")


def picture_of(campaign: Campaign) -> bytes | None:
    """The JPEG on the campaign's posters and cards."""
    return _picture_of(campaign, "picture")


def _picture_of(campaign: Campaign, which: str) -> bytes | None:
    kept = Landing.objects.filter(campaign=campaign).values_list(which, flat=True).first()
    return bytes(kept) if kept else None


@dataclass(frozen=True)
class Figures:
    """What a link brought: visits of people, who joined by it, and their orders in its campaign."""

    opens: int = 0
    joined: int = 0
    orders: int = 0


_BROUGHT = """
SELECT participant.link_id, count(*), sum(ordered.number)::bigint
FROM invites_participant participant
CROSS JOIN LATERAL (
  SELECT count(*) AS number FROM invites_campaignorder WHERE participant_id = participant.id
) ordered
WHERE participant.link_id = ANY (%(links)s::bigint[])
GROUP BY participant.link_id
"""


def figures_of(links: Iterable[Link]) -> dict[int, Figures]:
    """What each of these links brought, by primary key; two queries, from the facts themselves."""
    keys = [link.pk for link in links]
    visits = Visit.objects.filter(link__in=keys, skipped="").order_by()
    opens = dict(visits.values_list("link").annotate(number=Count("pk")))
    brought = {row[0]: row[1:] for row in statements.run(_BROUGHT, {"links": keys})}
    return {key: Figures(opens.get(key, 0), *brought.get(key, (0, 0))) for key in keys}


def links_listed(*, is_test: bool) -> QuerySet[Link]:
    """Links of one mode with all that a list shows of them."""
    rows = Link.objects.filter(participant__campaign__is_test=is_test)
    return rows.select_related("participant__campaign", "participant__member")


def standings_of(
    links: Collection[Link], figures: dict[int, Figures], now: dt.datetime
) -> dict[int, Standing]:
    """What opening each of these links does, by primary key; no query."""
    return {
        link.pk: standing(
            terms_of(link),
            campaign_terms_of(link.participant.campaign),
            now=now,
            opens=figures[link.pk].opens,
        )
        for link in links
    }


class LinkUnknown(NotFound):
    code = "link_unknown"
    is_guess = True
    message = "There is no link with this code."


def link_by_code(code: str, *, pointer: str = "") -> Link:
    """The link with this code, its participant and campaign loaded. Raises LinkUnknown.

    Codes are small letters; a phone may begin one with a capital.
    """
    link = (
        Link.objects.select_related("participant__campaign", "participant__member")
        .filter(code=code_meant(code))
        .first()
    )
    if link is None:
        raise LinkUnknown(pointer=pointer)
    return link


def guest_link(token: str, campaign: Campaign) -> Link | None:
    """The link by which a guest with this visit token came to a campaign; None where it is none.

    A guest's token may be old, cut off, revoked or of another campaign: no reason to show them less.
    """
    try:
        link = visit_by_token(token).link if token else None
    except VisitTokenInvalid:
        return None
    if link is None or link.revoked_at is not None:
        return None
    return link if link.participant.campaign_id == campaign.pk else None


def face_of(link: Link | None) -> Face | None:
    """The face of whose link it is."""
    if link is None:
        return None
    owner = link.participant.member_id
    return faces({owner}).get(owner)
