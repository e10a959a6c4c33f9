"""Reading links: their terms and standing, what they brought, and where they lead."""

import datetime as dt

from apps.campaigns.models import Campaign
from apps.invites.models import Landing, Link, Target, Visit
from apps.invites.rules import CampaignTerms, LinkTerms, Platform, Standing, standing


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
