"""The rollups: what reports read instead of participants, visits, shares and orders.

Only `services` write them, one campaign at a time under its advisory lock, away from all requests.
Nothing hangs on them: `manage.py rebuild_reports` makes them anew from the base tables. So they
have no foreign keys in the database, which would lock what requests lock.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.campaigns.models import Campaign


def of_campaign(**more: Any) -> "models.ForeignKey[Campaign, Campaign]":
    """Whose row it is. Every table finds it by an index of its own that begins with it."""
    given = {"db_constraint": False, "db_index": False, "related_name": "+", **more}
    return models.ForeignKey(Campaign, on_delete=models.CASCADE, **given)


class Rolled(models.Model):
    """By what a campaign's rows were counted. Where the campaign says otherwise, they are rebuilt.

    A `slot` is the start of a day of `time_zone`, or of an hour of it; hours are kept for slots from
    `hours_since` on, which moves forward, day by day, and is always 72 hours ago at least. Other
    `rates` have only what was sold counted anew.
    """

    campaign = models.OneToOneField(
        Campaign,
        on_delete=models.CASCADE,
        primary_key=True,
        db_constraint=False,
        related_name="+",
    )
    time_zone = models.CharField(max_length=64)
    window_minutes = models.PositiveIntegerField()
    hours_since = models.DateTimeField()
    rates = models.JSONField(null=True, help_text="Margin rates in basis points, by tag.")
    rebuilt_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Rollups of {self.campaign_id}"


class Mark(models.Model):
    """A participant of whom something changed, to be counted again.

    Never unique: whoever found one already there would have to wait for whoever is deleting it.
    """

    campaign = of_campaign()
    participant_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["campaign", "id"], name="mark_of_campaign")]

    def __str__(self) -> str:
        return f"Mark of {self.participant_id}"


class Counted(models.Model):
    """What the rollups contain of a participant, so that it can be taken out again.

    `day` and `hour` are the slots of the confirmation; `delay` is how many minutes after their
    referrer's it came, null while one of both is not confirmed. `referees` came within the
    attribution window, `late` after it. `orders` were not refunded in full.
    """

    participant_id = models.BigIntegerField(primary_key=True)
    campaign = of_campaign()
    referrer_id = models.BigIntegerField(null=True)
    variant = models.CharField(max_length=20)
    generation = models.PositiveIntegerField()
    bucket = models.PositiveSmallIntegerField(help_text="Of the root: its id modulo 64.")
    joined_day = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    day = models.DateTimeField(null=True)
    hour = models.DateTimeField(null=True)
    orders = models.PositiveIntegerField()
    delay = models.PositiveIntegerField(null=True)
    referees = models.PositiveIntegerField()
    late = models.PositiveIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["campaign"], name="counted_of_campaign"),
            models.Index(
                fields=["referrer_id"],
                name="counted_friends",
                condition=models.Q(referrer_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} as counted"


class Arrival(models.Model):
    """Participants by the day they joined, whether confirmed or not, their orders, and whom they
    brought: confirmed referees of confirmed ones, whenever these came."""

    campaign = of_campaign()
    day = models.DateTimeField()
    variant = models.CharField(max_length=20)
    generation = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    confirmed = models.PositiveIntegerField()
    brought = models.PositiveIntegerField()
    buyers = models.PositiveIntegerField()
    orders = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "day", "variant", "generation"], name="arrival_once"
            ),
            models.CheckConstraint(condition=models.Q(people__gt=0), name="arrival_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.people} on {self.day:%F}"


class Grain(models.TextChoices):
    DAY = "day"
    HOUR = "hour"


class Cell(models.Model):
    """The offspring histogram: confirmed participants by when they were, and how many referees."""

    campaign = of_campaign()
    grain = models.CharField(max_length=4, choices=Grain.choices)
    slot = models.DateTimeField()
    variant = models.CharField(max_length=20)
    generation = models.PositiveIntegerField()
    referees = models.PositiveIntegerField()
    people = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "grain", "slot", "variant", "generation", "referees"],
                name="cell_once",
            ),
            models.CheckConstraint(condition=models.Q(people__gt=0), name="cell_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.people} with {self.referees}"


class Root(models.Model):
    """Confirmed participants by the bucket of their root: their referees within the window, orders
    and buyers."""

    campaign = of_campaign()
    day = models.DateTimeField()
    variant = models.CharField(max_length=20)
    generation = models.PositiveIntegerField()
    bucket = models.PositiveSmallIntegerField()
    people = models.PositiveIntegerField()
    referees = models.PositiveIntegerField()
    buyers = models.PositiveIntegerField()
    orders = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "day", "variant", "generation", "bucket"], name="root_once"
            ),
            models.CheckConstraint(condition=models.Q(people__gt=0), name="root_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.people} below {self.bucket}"


class Pair(models.Model):
    """Referrers with a referee within the window, by when the referrer was confirmed, and the delay.

    The variant is the referrer's; of their generation no delay hangs. `delay` is the least of its
    step, in minutes: steps of 5 minutes below two hours, 15 below twelve, an hour below 72, four hours
    below 14 days, then a day.
    """

    campaign = of_campaign()
    grain = models.CharField(max_length=4, choices=Grain.choices)
    slot = models.DateTimeField()
    variant = models.CharField(max_length=20)
    delay = models.PositiveIntegerField()
    pairs = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "grain", "slot", "variant", "delay"],
                name="pair_once",
            ),
            models.CheckConstraint(condition=models.Q(pairs__gt=0), name="pair_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.pairs} after {self.delay} minutes"


class Reach(models.Model):
    """What happened to a campaign's links on a day.

    `linkers`, `sharers` and `opened` are the participants whose first link was made, share intent
    told, or counted visit came on that day: over any days from the first on they sum to people.
    """

    campaign = of_campaign()
    day = models.DateTimeField()
    links = models.PositiveIntegerField(default=0)
    intents = models.PositiveIntegerField(default=0)
    visits = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Visits that count nowhere.")
    linkers = models.IntegerField(default=0)
    sharers = models.IntegerField(default=0)
    opened = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "day"], name="reach_once")]

    def __str__(self) -> str:
        return f"{self.visits} visits on {self.day:%F}"


class Owner(models.Model):
    """The days on which a participant's first link was made, shared and opened."""

    participant_id = models.BigIntegerField(primary_key=True)
    campaign = of_campaign(db_index=True)
    linked = models.DateTimeField(null=True)
    shared = models.DateTimeField(null=True)
    opened = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.participant_id} with links"


# The tables that only grow, by the name of their journal.
SOURCES = {
    "participants": "invites_participant",
    "links": "invites_link",
    "shares": "invites_share",
    "visits": "invites_visit",
    "grants": "rewards_grant",
}


class Journal(models.Model):
    """How far a table that only grows has been read.

    All ids up to `settled_id` are settled (their transactions have ended) and counted. Those up to
    `noted_id` are once all `writers` are gone, the transactions that wrote to the table when the id
    was noted.
    """

    source = models.CharField(primary_key=True, max_length=12)
    settled_id = models.BigIntegerField(default=0)
    noted_id = models.BigIntegerField(default=0)
    writers = ArrayField(models.CharField(max_length=40), default=list)

    def __str__(self) -> str:
        return f"{self.source} up to {self.settled_id}"
