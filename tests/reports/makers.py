"""Campaigns with a past."""

import datetime as dt
import random

from apps.campaigns.models import Budget, Campaign
from apps.invites.models import Link, Participant, Share, Visit
from apps.members.models import Member
from apps.orders.models import Order
from apps.reports.services import campaign_rebuild
from apps.rewards.models import Grant

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


def liven(campaign: Campaign, *, until: dt.datetime) -> None:
    """Links, intents to share and visits for whoever brought somebody, and a reward for each of those
    brought: settled after three days. All of it is counted."""
    carriers = Participant.objects.filter(campaign=campaign, referees__isnull=False).distinct()
    links = Link.objects.bulk_create(Link(participant=row, is_default=True) for row in carriers)
    at = {link.pk: link.participant.confirmed_at for link in links}
    Share.objects.bulk_create(Share(link=link, shared_at=at[link.pk]) for link in links)
    Visit.objects.bulk_create(
        Visit(link=link, opened_at=at[link.pk] + DAY / 10 * n) for link in links for n in range(4)
    )
    brought = Participant.objects.filter(campaign=campaign, referrer__isnull=False)
    grants = Grant.objects.bulk_create(_reward(row, until) for row in brought)
    spent = sum(grant.cost_minor for grant in grants if grant.settled_at)
    reserved = sum(grant.cost_minor for grant in grants if not grant.settled_at)
    Budget.objects.filter(campaign=campaign).update(
        amount_minor=max(400_000, 2 * (spent + reserved)),
        spent_minor=spent,
        reserved_minor=reserved,
    )
    campaign_rebuild(campaign_id=campaign.pk, now=until)


def _reward(row: Participant, until: dt.datetime) -> Grant:
    is_settled = row.confirmed_at + 3 * DAY <= until
    return Grant(
        campaign=row.campaign,
        policy="pol_thanks",
        subject=row.public_id,
        beneficiary="referrer",
        member_id=row.member_id,
        amount=500,
        full_cost_minor=500,
        cost_minor=500,
        granted_at=row.confirmed_at,
        settled_at=row.confirmed_at + 3 * DAY if is_settled else None,
        status="settled" if is_settled else "pending",
    )


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
