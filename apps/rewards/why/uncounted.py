"""Why an order counts in no campaign, or not in the one somebody means.

The reasons are those of `apps.checkout.services.sales`, in its order, read back from what is kept:
what a campaign was like when the order was reported is known as far as its own moments say it.
"""

from apps.campaigns.models import Campaign
from apps.campaigns.selectors import budget_of, halted_at, was_running
from apps.groupbuy.models import Seat
from apps.invites.models import CampaignOrder
from apps.invites.selectors import participant_of
from apps.orders.models import Order
from apps.rewards.why.asked import Asked
from apps.rewards.why.words import Answer, Code, moment_words, say

# Where none is named, so many of the newest are gone through.
MOST_CAMPAIGNS = 20
MOST_ORDERS = 10


def answers_uncounted(asked: Asked) -> list[Answer]:
    """For each order asked about, each campaign it might have counted in and does not."""
    orders = asked.orders
    counting = CampaignOrder.objects.filter(order__in=orders).select_related("campaign")
    by_order: dict[int, list[CampaignOrder]] = {}
    for row in counting:
        by_order.setdefault(row.order_id, []).append(row)
    if asked.campaign is None and asked.order is None:  # what counts somewhere nobody asks about
        orders = [order for order in orders if order.pk not in by_order]
    return [
        answer
        for order in orders[:MOST_ORDERS]
        for answer in _of_order(asked, order, by_order.get(order.pk, []))
    ]


def _of_order(asked: Asked, order: Order, counted: list[CampaignOrder]) -> list[Answer]:
    counts_in = {row.campaign_id for row in counted}
    others = [row for row in _campaigns(asked, order) if row.pk not in counts_in]
    if not others and not counted:
        return [_answer(asked, order, None, Code.NO_CAMPAIGN)]
    return [_why_not(asked, order, campaign, counted) for campaign in others]


def _campaigns(asked: Asked, order: Order) -> list[Campaign]:
    """The one that is named, or those that ran when the order was placed."""
    if asked.campaign is not None:
        return [asked.campaign]
    published = Campaign.objects.exclude(status=Campaign.Status.DRAFT).filter(
        is_test=order.is_test, starts_at__lte=order.occurred_at
    )
    running = (row for row in published.order_by("-pk") if was_running(row, order.occurred_at))
    return [row for row, _ in zip(running, range(MOST_CAMPAIGNS), strict=False)]


def _why_not(
    asked: Asked, order: Order, campaign: Campaign, counted: list[CampaignOrder]
) -> Answer:
    seats = [line.seat for line in order.lines.all() if line.seat]
    if seats:
        ours = Seat.objects.filter(public_id__in=seats, room__offer__campaign=campaign).exists()
        return _answer(
            asked, order, campaign, Code.SEAT_NOT_TAKEN if ours else Code.COUNTS_WITH_ITS_SEAT
        )
    for row in counted:
        if campaign.public_id in row.outranked:
            return _outranked(asked, order, campaign, row.campaign)
    if not was_running(campaign, order.occurred_at):
        return _answer(asked, order, campaign, Code.NOT_RUNNING_THEN, window=_window(campaign))
    participant = participant_of(campaign, order.member_id)
    joined_before = participant is not None and participant.joined_at <= order.created_at
    everyone = campaign.enrolment == Campaign.Enrolment.EVERYONE
    if participant is None and not everyone:
        return _answer(asked, order, campaign, Code.NOT_A_PARTICIPANT)
    if order.currency != campaign.currency:
        return _answer(
            asked,
            order,
            campaign,
            Code.CURRENCY_MISMATCH,
            wanted=campaign.currency,
            given=order.currency,
        )
    if participant is not None and not everyone and not joined_before:
        joined = moment_words(participant.joined_at, campaign.time_zone)
        return _answer(asked, order, campaign, Code.JOINED_LATER, joined=joined)
    return _not_admitted(asked, order, campaign)


def _not_admitted(asked: Asked, order: Order, campaign: Campaign) -> Answer:
    halt = halted_at(campaign, order.created_at)
    if halt is not None:
        code = Code.STOPPED_THEN if halt.stopped else Code.PAUSED_THEN
        words = moment_words(halt.since, campaign.time_zone)
        return _answer(asked, order, campaign, code, halted=words)
    budget = budget_of(campaign)
    reached = budget.tail_reached_at if budget else None
    if reached is not None and reached <= order.created_at:
        words = moment_words(reached, campaign.time_zone)
        return _answer(asked, order, campaign, Code.CAMPAIGN_FULL, tail_reached=words)
    return _answer(asked, order, campaign, Code.NOT_ADMITTING)


def _outranked(asked: Asked, order: Order, campaign: Campaign, winner: Campaign) -> Answer:
    return _answer(
        asked,
        order,
        campaign,
        Code.OUTRANKED,
        winner=winner.name,
        winner_id=winner.public_id,
        winner_priority=winner.priority,
        priority=campaign.priority,
        group=campaign.exclusive_group,
    )


def _window(campaign: Campaign) -> str:
    starts = moment_words(campaign.starts_at, campaign.time_zone)
    if campaign.ends_at is None:
        return f"from {starts}"
    return f"from {starts} to {moment_words(campaign.ends_at, campaign.time_zone)}"


def _answer(
    asked: Asked, order: Order, campaign: Campaign | None, code: Code, **words: object
) -> Answer:
    own = asked.member is None or asked.member.pk == order.member_id
    topic = f"your order {order.order_id}" if own else "your friend's order"
    zone = campaign.time_zone if campaign else "UTC"
    ids = {"order": order.order_id}
    moments = {"ordered_at": order.occurred_at, "reported_at": order.created_at}
    if campaign is not None:
        topic += f" and “{campaign.name}”"
        ids["campaign"] = campaign.public_id
        moments["starts_at"] = campaign.starts_at
        if campaign.ends_at is not None:
            moments["ends_at"] = campaign.ends_at
    return say(
        code,
        order.created_at,
        ids,
        moments,
        topic=topic,
        order=order.order_id,
        ordered=moment_words(order.occurred_at, zone),
        buyer=asked.name(order.member_id),
        campaign=campaign.name if campaign else "",
        campaign_id=campaign.public_id if campaign else "",
        **words,
    )
