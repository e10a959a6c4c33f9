"""Why somebody got nothing: stable codes, and words for whoever asks."""

import enum
from dataclasses import dataclass


class Reason(enum.StrEnum):
    """Why somebody got nothing. Stable codes, part of the API."""

    NO_SUCH_PERSON = "no_such_person"
    PROVISIONAL = "provisional"
    ROOM_OPEN = "room_open"
    NOT_KEPT = "not_kept"
    ROOM_BELOW_SIZE = "room_below_size"
    NOT_FIRST_ORDER = "not_first_order"
    NOT_NEW = "not_new"
    BELOW_MINIMUM = "below_minimum"
    NO_MATCHING_PRODUCT = "no_matching_product"
    WRONG_CHANNEL = "wrong_channel"
    WRONG_TIER = "wrong_tier"
    NOT_IN_AUDIENCE = "not_in_audience"
    IN_EXCLUDED_AUDIENCE = "in_excluded_audience"
    BENEFICIARY_NOT_IN_AUDIENCE = "beneficiary_not_in_audience"
    BENEFICIARY_IN_EXCLUDED_AUDIENCE = "beneficiary_in_excluded_audience"
    OTHER_VARIANT = "other_variant"
    HOLDOUT = "holdout"
    NO_MILESTONE = "no_milestone"
    CAMPAIGN_NOT_RUNNING = "campaign_not_running"
    TOO_LONG_AFTER_JOINING = "too_long_after_joining"
    NOTHING_TO_AWARD = "nothing_to_award"
    CAP_REACHED = "cap_reached"
    COUPONS_GONE = "coupons_gone"
    BUDGET_SPENT = "budget_spent"


# Refusals that later decisions about the same subject do not take back.
FINAL = frozenset({Reason.CAP_REACHED, Reason.COUPONS_GONE, Reason.BUDGET_SPENT})


@dataclass(frozen=True)
class Words:
    """One reason, said three ways: to the shopper, the operator, the shop's developer."""

    shopper: str
    operator: str
    developer: str


WORDS: dict[Reason, Words] = {
    Reason.NO_SUCH_PERSON: Words(
        "There was nobody to reward for this.",
        "Nobody stands in this place: no referrer, no inviter.",
        "The participant has no referrer, or the seat no inviter. Pass `code` or `visit_token`.",
    ),
    Reason.PROVISIONAL: Words(
        "Almost there: the reward follows once what the campaign asks for is done.",
        "The participant is not confirmed yet; it is decided again when they are.",
        "The participant is provisional until the campaign's qualifying act; nothing to do.",
    ),
    Reason.ROOM_OPEN: Words(
        "The group is not complete yet. The reward follows when it is.",
        "The room is not complete yet; it is decided again when it is.",
        "The order's room is still open; it is decided again on `room.completed`.",
    ),
    Reason.NOT_KEPT: Words(
        "The order was refunded, so there is no reward for it.",
        "The order was refunded in full.",
        "`refunded_minor` equals `paid_minor`.",
    ),
    Reason.ROOM_BELOW_SIZE: Words(
        "After refunds the group is smaller than it has to be.",
        "After refunds the room keeps fewer seats than its size.",
        "Fewer seats than the room's size are kept after refunds.",
    ),
    Reason.NOT_FIRST_ORDER: Words(
        "This reward is for a first order.",
        "Only a member's first paid order counts.",
        "The order's `nth` is not 1.",
    ),
    Reason.NOT_NEW: Words(
        "This reward is for new customers.",
        "Only new members count: without a paid order before, here or in the shop's own history.",
        "The member had a paid order or a `first_order_at` before this fact.",
    ),
    Reason.BELOW_MINIMUM: Words(
        "The order is below the minimum for this reward.",
        "What remains of the order is below the minimum.",
        "The kept amount of matching lines is below the policy's `min_order_minor`.",
    ),
    Reason.NO_MATCHING_PRODUCT: Words(
        "Nothing in the order takes part in this.",
        "No kept line of the order has one of the policy's product tags.",
        "No line with a kept amount carries one of the policy's tags in `lines[].tags`.",
    ),
    Reason.WRONG_CHANNEL: Words(
        "This reward is for friends who come another way.",
        "The member came through a channel that the policy does not name.",
        "The visit's `channel` is not among the policy's channels.",
    ),
    Reason.WRONG_TIER: Words(
        "This reward is for other member levels.",
        "The member's tier at that moment is not one the policy names.",
        "The member's tier at the time of the fact is not among the policy's tiers.",
    ),
    Reason.NOT_IN_AUDIENCE: Words(
        "This reward is for invited customers.",
        "The member was not in the policy's audience at that moment.",
        "The member was not in the policy's audience at the time of the fact.",
    ),
    Reason.IN_EXCLUDED_AUDIENCE: Words(
        "This reward is not offered here.",
        "The member was in the audience that the policy excludes.",
        "The member was in the policy's excluded audience at the time of the fact.",
    ),
    Reason.BENEFICIARY_NOT_IN_AUDIENCE: Words(
        "This reward is for partners.",
        "Who would get it was not on the policy's list at that moment.",
        "The beneficiary was not in the policy's beneficiary audience when the fact happened.",
    ),
    Reason.BENEFICIARY_IN_EXCLUDED_AUDIENCE: Words(
        "Other terms hold for this.",
        "Who would get it was on the list that the policy leaves out: other terms are theirs.",
        "The beneficiary was in the policy's excluded beneficiary audience when the fact happened.",
    ),
    Reason.OTHER_VARIANT: Words(
        "This reward is not offered here.",
        "The member's tree has another variant than the policy.",
        "The participant's variant is not the policy's.",
    ),
    Reason.HOLDOUT: Words(
        "This reward is not offered here.",
        "The member's tree is in the holdout, which gets nothing, to compare with.",
        "The participant is in the campaign's holdout.",
    ),
    Reason.NO_MILESTONE: Words(
        "Counted. The next reward comes with the next milestone.",
        "This friend was counted, but no milestone falls on their number.",
        "The friend's number `nth` is no milestone of the policy.",
    ),
    Reason.CAMPAIGN_NOT_RUNNING: Words(
        "The campaign was not running at that moment.",
        "The campaign was not running at that moment.",
        "`occurred_at` lies outside the campaign's window.",
    ),
    Reason.TOO_LONG_AFTER_JOINING: Words(
        "The time in which this could earn a reward is over.",
        "It happened too long after they joined: the campaign's qualification window was over.",
        "The act's moment is not before `joined_at` plus the version's qualification window.",
    ),
    Reason.NOTHING_TO_AWARD: Words(
        "The reward for this order rounds to nothing.",
        "The share of the order rounds to nothing.",
        "The policy's share of the kept amount rounds to 0.",
    ),
    Reason.CAP_REACHED: Words(
        "The most that can be earned here is reached.",
        "The policy's cap is reached.",
        "One of the policy's caps is reached. The refusal is final.",
    ),
    Reason.COUPONS_GONE: Words(
        "The coupons are all given away.",
        "The coupon template's issue cap or its limit per member is reached, or it is stopped.",
        "The coupon template mints no coupon for this member. The refusal is final.",
    ),
    Reason.BUDGET_SPENT: Words(
        "The campaign has given away all it had.",
        "The campaign's budget is spent.",
        "The award does not fit the campaign's budget. The refusal is final.",
    ),
}
