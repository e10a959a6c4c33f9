"""Campaigns with a past."""

import datetime as dt
import random

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.members.models import Member

DAY = dt.timedelta(days=1)


def a_forest(
    campaign: Campaign,
    *,
    began: dt.datetime,
    until: dt.datetime,
    seeds: int = 150,
    quick: bool = False,
) -> None:
    """Seeds over ten days from `began`; each one brings nobody to three people, within ten days, the
    most of them late or, where it is `quick`, within the hour."""
    chance = random.Random(6)
    version = campaign.versions.latest("pk")
    grown = [(None, began + DAY * 10 * chance.random()) for _ in range(seeds)]
    while grown:
        grown = [(parent, at) for parent, at in grown if at <= until]
        members = Member.objects.bulk_create([Member() for _ in grown])
        rows = Participant.objects.bulk_create(
            Participant(
                campaign=campaign,
                member=member,
                version=version,
                referrer=parent,
                root=None if parent is None else parent.root or parent,
                generation=0 if parent is None else parent.generation + 1,
                status="confirmed",
                joined_at=at,
                confirmed_at=at,
            )
            for member, (parent, at) in zip(members, grown, strict=True)
        )
        grown = [
            (row, row.confirmed_at + DAY * 10 * chance.random() ** (8 if quick else 2))
            for row in rows
            for _ in range(chance.choices((0, 1, 3), (6, 3, 1))[0])
        ]
