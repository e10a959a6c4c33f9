"""An answer, and the words for what no decision's reason says. Pure."""

import datetime as dt
import enum
import zoneinfo
from dataclasses import dataclass, field

from apps.campaigns.rules import Words


class Code(enum.StrEnum):
    """What came of it, beside the reasons of refusals. Stable codes, part of the API."""

    MEMBER_UNKNOWN = "member_unknown"
    CAMPAIGN_UNKNOWN = "campaign_unknown"
    ORDER_UNKNOWN = "order_unknown"
    REFUND_BEFORE_ORDER = "refund_before_order"
    NOTHING_REPORTED = "nothing_reported"
    NEVER_JOINED = "never_joined"
    NEVER_JOINED_AFTER_LINK = "never_joined_after_link"
    NOTHING_DECIDED = "nothing_decided"

    NO_CAMPAIGN = "no_campaign"
    NOT_RUNNING_THEN = "campaign_not_running_then"
    CURRENCY_MISMATCH = "currency_mismatch"
    NOT_A_PARTICIPANT = "not_a_participant"
    JOINED_LATER = "joined_later"
    OUTRANKED = "outranked"
    COUNTS_WITH_ITS_SEAT = "counts_with_its_seat"
    SEAT_NOT_TAKEN = "seat_not_taken"
    CAMPAIGN_FULL = "campaign_full"
    PAUSED_THEN = "campaign_paused_then"
    STOPPED_THEN = "campaign_stopped_then"
    NOT_ADMITTING = "campaign_not_admitting"

    EVENT_PENDING = "event_pending"
    EVENT_PARKED = "event_parked"

    NOT_INVOLVED = "not_involved"
    NOT_CONFIRMED = "not_confirmed"
    NO_POLICY = "no_policy"

    PENDING = "pending"
    PENDING_STOPPED = "pending_stopped"
    PENDING_FULFILMENT = "pending_fulfilment"
    IN_REVIEW = "in_review"
    SETTLED = "settled"
    REFUNDED = "taken_back_after_refund"
    REFUNDED_PARTLY = "taken_back_in_part_after_refund"
    VOIDED = "taken_back_by_hand"
    OVERRIDDEN = "taken_back_by_override"
    TAKEN_BACK = "taken_back"

    GOODWILL_PROPOSED = "goodwill_proposed"
    GOODWILL_REJECTED = "goodwill_rejected"
    GOODWILL_UNDER_WAY = "goodwill_under_way"


@dataclass(frozen=True)
class Answer:
    """One answer: a sentence for each who may ask, and the ids and moments behind it.

    `at` is when it happened; answers are sorted by it.
    """

    code: str
    shopper: str
    operator: str
    developer: str
    at: dt.datetime
    ids: dict[str, str] = field(default_factory=dict)
    moments: dict[str, dt.datetime] = field(default_factory=dict)


_ON_ITS_WAY = "your reward is on its way."

# `topic` is what somebody asks about (“your order A-17 in “Spring tea””), `order` the shop's order.
WORDS_OF: dict[Code, Words] = {
    Code.MEMBER_UNKNOWN: Words(
        "We do not find you in this programme yet. Please tell us the account you use in the shop.",
        "The shop never reported a member “{member}”. Is it the id the shop itself uses?",
        "No identity with external_id `{member}`, and no member with this id, in {mode} mode. "
        "Register it by `PUT /members/{{external_id}}`.",
    ),
    Code.CAMPAIGN_UNKNOWN: Words(
        "We do not find this campaign. Please tell us where you saw it.",
        "There is no campaign “{campaign}”, or it is still a draft.",
        "No published campaign `{campaign}` in {mode} mode.",
    ),
    Code.ORDER_UNKNOWN: Words(
        "We have not heard of the order {order} yet. We will look into it.",
        "The shop never reported the order {order}. Only reported, paid orders count.",
        "`POST /orders` was never accepted for `{order}` in {mode} mode. Report it, with the same "
        "`order_id` as in the shop.",
    ),
    Code.REFUND_BEFORE_ORDER: Words(
        "The order {order} was refunded, so there is no reward for it.",
        "The shop reported a refund of the order {order}, but never the order itself.",
        "There is a refund for `{order}` without its order: `POST /orders` is missing.",
    ),
    Code.NOTHING_REPORTED: Words(
        "We know of no order and of no campaign you joined yet.",
        "Nothing of {member} ever came: no order was reported, no campaign joined.",
        "No order and no participant of `{member_id}`: `POST /orders` or "
        "`POST /campaigns/{{id}}/join` was never called for them.",
    ),
    Code.NEVER_JOINED: Words(
        "You have not joined “{campaign}” yet. Open it and join, and what you do from then on counts.",
        "{member} never joined “{campaign}”, and no order of theirs counts in it.",
        "No participant of `{member_id}` in `{campaign_id}`, and no touch: no link, code or visit "
        "token of the campaign was told for them.",
    ),
    Code.NEVER_JOINED_AFTER_LINK: Words(
        "You opened a link to “{campaign}” but have not joined it yet. Join, and it counts.",
        "{member} came by a link to “{campaign}” on {touched}, but never joined, and no order of "
        "theirs counts in it.",
        "There is a touch of `{member_id}` in `{campaign_id}`, but no participant: "
        "`POST /campaigns/{campaign_id}/join` was never called.",
    ),
    Code.NOTHING_DECIDED: Words(
        "Nothing has happened yet that this campaign rewards.",
        "Nothing was reported yet that could be decided.",
        "No decision, no grant and no waiting event matches.",
    ),
    Code.NO_CAMPAIGN: Words(
        "About {topic}: no campaign was running when it was placed.",
        "The order {order} was placed on {ordered}; no campaign was running then.",
        "No published campaign's window holds the `occurred_at` of `{order}`.",
    ),
    Code.NOT_RUNNING_THEN: Words(
        "About {topic}: it was placed while the campaign was not running.",
        "The order {order} was placed on {ordered}, but “{campaign}” runs {window}.",
        "The `occurred_at` of `{order}` lies outside the window of `{campaign_id}`.",
    ),
    Code.CURRENCY_MISMATCH: Words(
        "About {topic}: the campaign is for orders in {wanted}, and this one is in {given}.",
        "The order {order} is in {given}, “{campaign}” counts {wanted} only.",
        "`currency_mismatch`: `{order}` has `{given}`, `{campaign_id}` has `{wanted}`. The answer to "
        "`POST /orders` named it.",
    ),
    Code.NOT_A_PARTICIPANT: Words(
        "About {topic}: only orders of those who joined the campaign before count.",
        "“{campaign}” counts orders of participants only, and {buyer} never joined it.",
        "`{campaign_id}` enrols participants, and the buyer of `{order}` is none. Join them before, "
        "or send `code` or `visit_token` with the order.",
    ),
    Code.JOINED_LATER: Words(
        "About {topic}: the campaign was joined after it, and only later orders count.",
        "{buyer} joined “{campaign}” on {joined}, after the order {order} was reported.",
        "The participant of the buyer is younger than the report of `{order}`.",
    ),
    Code.OUTRANKED: Words(
        "About {topic}: it counts in “{winner}” instead; an order counts in one of the two.",
        "“{winner}” won the order {order}: it is of the same exclusive group (“{group}”) as "
        "“{campaign}”, with priority {winner_priority} against {priority}.",
        "`{campaign_id}` is among the `outranked` of `{order}` in `{winner_id}`.",
    ),
    Code.COUNTS_WITH_ITS_SEAT: Words(
        "About {topic}: it was placed for a group, and counts in that group's campaign.",
        "The order {order} paid a seat: it counts in the campaign of its room, not in “{campaign}”.",
        "A line of `{order}` names a `seat` of another campaign's room.",
    ),
    Code.SEAT_NOT_TAKEN: Words(
        "About {topic}: the payment came too late for a place in the group.",
        "The order {order} named a seat of “{campaign}”, but the payment came too late to have one.",
        "The seat of `{order}` was not paid: see its refund order, or `seats[].outcome` of the "
        "answer to `POST /orders`.",
    ),
    Code.CAMPAIGN_FULL: Words(
        "About {topic}: the campaign had given away nearly all it had, and admitted nobody new.",
        "Only the tail of the budget of “{campaign}” was left on {tail_reached}; it serves those who "
        "already joined, and {buyer} had not.",
        "`campaign_full`: the budget's tail was reached before `{order}` was reported.",
    ),
    Code.PAUSED_THEN: Words(
        "About {topic}: the campaign was taking a break at that moment.",
        "“{campaign}” was paused from {halted} on, also when the order {order} was reported; "
        "{buyer} had not joined before.",
        "`{campaign_id}` was paused when `{order}` was reported: it admitted no newcomers.",
    ),
    Code.STOPPED_THEN: Words(
        "About {topic}: the campaign was taking a break at that moment.",
        "The emergency stop of {halted} was in force when the order {order} was reported; {buyer} "
        "had not joined “{campaign}” before.",
        "The shop was under the emergency stop when `{order}` was reported: `{campaign_id}` "
        "admitted no newcomers.",
    ),
    Code.NOT_ADMITTING: Words(
        "About {topic}: the campaign admitted nobody new at that moment.",
        "“{campaign}” admitted nobody new when the order {order} was reported: it was paused, "
        "stopped, over or short of budget; {buyer} had not joined before.",
        "`{campaign_id}` was not running, or admitted no newcomers, when `{order}` was reported.",
    ),
    Code.EVENT_PENDING: Words(
        "About {topic}: it is being worked on. Please look again in a little while.",
        "An event ({event_kind}) waits to be processed, {tried}. Its next turn is on {due}.",
        "The event `{event}` is pending, with {attempts} attempts, due at {due}.",
    ),
    Code.EVENT_PARKED: Words(
        "About {topic}: it is held up on our side. We are looking into it.",
        "An event ({event_kind}) failed {attempts} times and is parked: it is tried again once "
        "somebody says so, under Events in the engine room.",
        "The event `{event}` is parked: {error}",
    ),
    Code.NOT_INVOLVED: Words(
        "About {topic}: it did not come through your link or group, so it earns you nothing.",
        "{member} neither placed nor brought the order {order}: its buyer was brought by {referrer}.",
        "The member is in no place of the decision. See `GET /participants/{participant}/trace`.",
    ),
    Code.NOT_CONFIRMED: Words(
        "About {topic}: almost there. It counts once {act} is done.",
        "{member} joined “{campaign}” on {joined} and is not confirmed yet: {act} is missing.",
        "The participant is provisional. The campaign's qualifying act is `{act_code}`.",
    ),
    Code.NO_POLICY: Words(
        "About {topic}: the campaign gives no reward for this.",
        "No policy of “{campaign}” (version {version}) rewards this.",
        "The published version {version} of `{campaign_id}` has no policy for `{trigger}`.",
    ),
    Code.PENDING: Words(
        "About {topic}: " + _ON_ITS_WAY + " You get {what} after {settles}.",
        "{member} gets {what} ({policy}): pending until {settles}.",
        "The grant is `pending` until `settle_at`.",
    ),
    Code.PENDING_STOPPED: Words(
        "About {topic}: " + _ON_ITS_WAY + " {what} will follow a little later than planned.",
        "{member} gets {what} ({policy}), but “{campaign}” is under the emergency stop: no hold ends.",
        "The grant is `pending`; holds end once the emergency stop is lifted.",
    ),
    Code.PENDING_FULFILMENT: Words(
        "About {topic}: " + _ON_ITS_WAY + " You get {what} some time after the delivery.",
        "{member} gets {what} ({policy}): the hold begins when the order is fulfilled.",
        "The grant is `pending` without `settle_at`: `POST /orders/{{order_id}}/fulfil` is missing.",
    ),
    Code.IN_REVIEW: Words(
        "About {topic}: your reward is being checked. We will come back to you.",
        "{member} may get {what} ({policy}): it is in review.",
        "The grant is in `review`.",
    ),
    Code.SETTLED: Words(
        "About {topic}: you got {what} on {settled}.",
        "{member} got {what} ({policy}) on {settled}.",
        "The grant is `settled`.",
    ),
    Code.REFUNDED: Words(
        "About {topic}: {behind} was refunded, so it no longer earns {what}.",
        "{member} no longer has {what} ({policy}): the refund {refund} of the order {order} took it "
        "back on {taken}.",
        "Claw-back by `{event}`; the grant is `{status}`.",
    ),
    Code.REFUNDED_PARTLY: Words(
        "About {topic}: a part of {behind} was refunded; {left} of {what} remain.",
        "{member} keeps {left} of {what} ({policy}): the refund {refund} of the order {order} took a "
        "part back on {taken}.",
        "Claw-back in part by `{event}`; the grant is `{status}`.",
    ),
    Code.VOIDED: Words(
        "About {topic}: we took back {what}. {reason}",
        "{member} no longer has {what} ({policy}), since {taken}. {cause}",
        "Claw-back by hand; the grant is `{status}`.",
    ),
    Code.OVERRIDDEN: Words(
        "About {topic}: we looked into who brought them, so {what} was taken back before it was paid.",
        "{member} no longer has {what} ({policy}), since {taken}: one of us decided who brought the "
        "friend. The friend's page “Who brought them” says who and why.",
        "Override `{override}`; the grant is `{status}`. See `GET /participants/{{id}}/trace`.",
    ),
    Code.TAKEN_BACK: Words(
        "About {topic}: what earned {what} no longer holds, so it was taken back.",
        "{member} no longer has {what} ({policy}), since {taken}: what earned it changed.",
        "Claw-back by `{event}`; the grant is `{status}`.",
    ),
    Code.GOODWILL_PROPOSED: Words(
        "We are looking into it and will come back to you.",
        "Goodwill of {what} for {member} is proposed and waits for somebody else's approval.",
        "`{goodwill}` is `proposed`: `POST /grants/{goodwill}/approve` with another key.",
    ),
    Code.GOODWILL_REJECTED: Words(
        "We looked into it and cannot give anything beyond what the campaign promises.",
        "Goodwill of {what} for {member} was proposed and rejected on {decided}.",
        "`{goodwill}` is `rejected`.",
    ),
    Code.GOODWILL_UNDER_WAY: Words(
        "A present from us is on its way to you: {what}.",
        "Goodwill of {what} for {member} is approved and will be made in a moment.",
        "`{goodwill}` is `approved` and not done.",
    ),
}


def say(
    code: Code,
    at: dt.datetime,
    ids: dict[str, str],
    moments: dict[str, dt.datetime] | None = None,
    **words: object,
) -> Answer:
    """The answer with this code, its sentences filled with `words`."""
    told = WORDS_OF[code]
    return Answer(
        code,
        _sentence(told.shopper.format(**words)),
        _sentence(told.operator.format(**words)),
        told.developer.format(**words),
        at,
        ids,
        moments or {},
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def about(topic: str, sentence: str) -> str:
    """A reason's sentence as the continuation of what it is about."""
    return f"About {topic}: {sentence[:1].lower()}{sentence[1:]}"


def moment_words(moment: dt.datetime, time_zone: str = "UTC") -> str:
    """A moment for people: “24 November 2026, 10:40 (Asia/Shanghai)”."""
    local = moment.astimezone(zoneinfo.ZoneInfo(time_zone))
    return f"{local.day} {local:%B %Y, %H:%M} ({time_zone})"
