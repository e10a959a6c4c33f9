"""Why somebody got what they got, or nothing.

Read from what was decided and granted, from what is still on its way, and from what never came. It
reads only, and answers whatever is asked: also when there is no such member, order or campaign.
"""

import datetime as dt

from apps.campaigns.models import Campaign
from apps.orders.models import Order
from apps.rewards.selectors import members_named
from apps.rewards.why.asked import Asked
from apps.rewards.why.decided import MOST_ANSWERS, answers_decided
from apps.rewards.why.uncounted import answers_uncounted
from apps.rewards.why.waiting import answer_absent, answer_order_unknown, answers_waiting
from apps.rewards.why.words import Answer, Code, say

__all__ = ["Answer", "Code", "why"]


def why(
    *, member: str = "", order_id: str = "", campaign: str = "", is_test: bool, now: dt.datetime
) -> list[Answer]:
    """The answers about any combination of these, newest first, at most 100; never none.

    `member` is the shop's id or ours, `order_id` the shop's, `campaign` a public id.
    """
    mode = "test" if is_test else "live"
    who = members_named(member, is_test=is_test).first() if member else None
    if member and who is None:
        return [say(Code.MEMBER_UNKNOWN, now, {}, member=member, mode=mode)]
    where = _campaign(campaign, is_test) if campaign else None
    if campaign and where is None:
        return [say(Code.CAMPAIGN_UNKNOWN, now, {}, campaign=campaign, mode=mode)]
    order = _order(order_id, is_test) if order_id else None
    if order_id and order is None:
        return [answer_order_unknown(order_id, is_test=is_test, now=now, mode=mode)]
    asked = Asked(who, order, where, is_test, now)
    found = answers_decided(asked) + answers_uncounted(asked) + answers_waiting(asked)
    newest_first = sorted(found, key=lambda answer: answer.at, reverse=True)
    return newest_first[:MOST_ANSWERS] or [answer_absent(asked)]


def _campaign(public_id: str, is_test: bool) -> Campaign | None:
    published = Campaign.objects.exclude(status=Campaign.Status.DRAFT)
    return published.filter(public_id=public_id, is_test=is_test).first()


def _order(order_id: str, is_test: bool) -> Order | None:
    return Order.objects.select_related("member").filter(order_id=order_id, is_test=is_test).first()
