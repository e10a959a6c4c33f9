"""Campaigns with a past."""

import datetime as dt
import random

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.members.models import Member
from apps.orders.models import Order

DAY = dt.timedelta(days=1)


def a_forest(
    campaign: Campaign, *, began: dt.datetime, until: dt.datetime, seeds: int = 150
) -> None:
    """Seeds over ten days from `began`; each one brings nobody to three people, within ten days."""
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
            (row, row.confirmed_at + DAY * 10 * chance.random() ** 2)
            for row in rows
            for _ in range(chance.choices((0, 1, 3), (6, 3, 1))[0])
        ]


def a_past(campaign: Campaign, *, until: dt.datetime, members: int = 600) -> None:
    """Members over ten months, every third of them brought; some buy, some of those buy on."""
    chance = random.Random(6)
    came = sorted(until - DAY * 300 * chance.random() for _ in range(members))
    people = Member.objects.bulk_create(Member(created_at=at) for at in came)
    version = campaign.versions.latest("pk")
    seed: Participant | None = None
    orders = []
    for number, (member, at) in enumerate(zip(people, came, strict=True)):
        if number % 3 == 0:
            above = seed if number % 90 else None
            taking_part = Participant.objects.create(
                campaign=campaign,
                member=member,
                version=version,
                referrer=above,
                root=above,
                generation=int(above is not None),
                circumstances={"is_new": True},
                status="confirmed",
                joined_at=at,
                confirmed_at=at,
            )
            seed = above or taking_part
        while at < until and chance.random() < 0.75:
            at += DAY * chance.expovariate(1 / 25)
            orders.append((member, at))
    Order.objects.bulk_create(
        Order(
            order_id=f"past-{number}",
            member=member,
            nth=number,
            currency="CNY",
            paid_minor=round(chance.lognormvariate(8.5, 0.5)),
            occurred_at=at,
            fingerprint="",
        )
        for number, (member, at) in enumerate(orders, 1)
        if at < until
    )
