"""An operator or the shop decides who brought somebody, while nothing was paid on it."""

from collections.abc import Callable

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.core.models import Event
from apps.invites.models import Link, Override, Participant
from apps.invites.services import link_revoke
from apps.rewards.models import Grant
from tests.flows.client import Phone, Shop, accepted, assert_refused
from tests.flows.test_joining import referrer_of, verdicts
from tests.makers import make_campaign

HELD = {"hold_seconds": 86_400}
TO_REFERRER = (Trigger.ORDER_PAID, Beneficiary.REFERRER, HELD)
AT_ONCE = (Trigger.ORDER_PAID, Beneficiary.REFERRER, {})
WHY = "Bob wrote that cleo told him of it; ann's link was in a pinned chat."


def place(phone: Phone, campaign: Campaign) -> str:
    """The id of a member's participant."""
    mine = Participant.objects.get(campaign=campaign, member__public_id=phone.member)
    return mine.public_id


def override(shop: Shop, who: str, referrer: str | None, reason: str = WHY) -> dict[str, str]:
    body = {"referrer": referrer, "reason": reason}
    return dict(accepted(shop.post(f"/participants/{who}/referrer", body)))


def brought_by_ann(shop: Shop, ann: Phone, bob: Phone, cleo: Phone, *policies: object) -> Campaign:
    """Bob, brought by ann, and cleo, who is a seed."""
    campaign = make_campaign(*policies)  # type: ignore[arg-type]
    accepted(cleo.join(campaign.public_id))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    return campaign


def earned(shop: Shop, phone: Phone) -> list[tuple[str, int]]:
    return sorted((row["status"], row["amount"]) for row in shop.grants(phone))


def test_what_was_only_promised_moves_with_the_override(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    campaign = brought_by_ann(shop, ann, bob, cleo, TO_REFERRER)
    shop.paid(bob)
    drain()
    assert (earned(shop, ann), earned(shop, cleo)) == ([("pending", 10)], [])
    made = override(shop, place(bob, campaign), place(cleo, campaign))
    assert made["reason"] == WHY
    assert made["before"] == place(ann, campaign)
    assert earned(shop, ann) == [("void", 10)]  # at once: nothing of it can settle any more
    why = shop.get(f"/why?member={ann.name}&campaign={campaign.public_id}")["results"]
    told = next(row for row in why if row["code"] == "taken_back_by_override")
    assert told["ids"]["override"] == made["id"]
    drain()
    assert earned(shop, cleo) == [("pending", 10)]
    assert referrer_of(shop, bob, campaign.public_id) == cleo.member


def test_the_trace_says_who_overrode_when_and_why(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign = brought_by_ann(shop, ann, bob, cleo)
    override(shop, place(bob, campaign), place(cleo, campaign), f"  {WHY} ")
    traces = shop.get(f"/participants/{place(bob, campaign)}/trace")["results"]
    assert [trace["override"] is not None for trace in traces] == [False, True]
    decided = traces[-1]
    assert decided["referrer"] == place(cleo, campaign)
    assert decided["override"]["reason"] == WHY
    assert decided["override"]["by"].startswith("the server key ")
    assert [(row["source"], row["verdict"]) for row in decided["candidates"]] == [
        ("code", "weaker_source"),
        ("manual", "won"),
    ]
    assert all(row["link"] and row["why"] for row in decided["candidates"])
    recorded = Event.objects.get(kind="participant.overridden")
    assert recorded.payload["before"] == place(ann, campaign)


def test_nobody_brought_them(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    campaign = brought_by_ann(shop, ann, bob, cleo, TO_REFERRER)
    shop.paid(bob)
    drain()
    override(shop, place(bob, campaign), None)
    drain()
    assert referrer_of(shop, bob, campaign.public_id) is None
    assert verdicts(shop, bob, campaign.public_id) == ["overruled"]
    assert earned(shop, ann) == [("void", 10)]
    again = shop.post(
        f"/participants/{place(bob, campaign)}/referrer", {"referrer": None, "reason": WHY}
    )
    assert_refused(again, 409, "referrer_unchanged", "/referrer")


def test_no_touch_replaces_an_operators_decision(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign = make_campaign(qualifying_act="room")
    accepted(cleo.join(campaign.public_id))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    override(shop, place(bob, campaign), None)
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)), 200)
    assert referrer_of(shop, bob, campaign.public_id) is None
    override(shop, place(bob, campaign), place(cleo, campaign))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)), 200)
    assert referrer_of(shop, bob, campaign.public_id) == cleo.member


def test_what_was_paid_is_never_moved(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    """Neither by an override, nor by a revoked link, nor by new touches; nor after a refund."""
    campaign = brought_by_ann(shop, ann, bob, cleo, AT_ONCE)
    order = shop.paid(bob)
    drain()
    assert earned(shop, ann) == [("settled", 10)]
    body = {"referrer": place(cleo, campaign), "reason": WHY}
    refused = shop.post(f"/participants/{place(bob, campaign)}/referrer", body)
    assert_refused(refused, 409, "referrer_paid")
    link_revoke(link_id=Link.objects.get(code=ann.link(campaign.public_id)).pk)
    accepted(bob.join(campaign.public_id, code=cleo.link(campaign.public_id)), 200)
    accepted(shop.post(f"/orders/{order}/fulfil"), 200)
    drain()
    assert (earned(shop, ann), earned(shop, cleo)) == ([("settled", 10)], [])
    assert referrer_of(shop, bob, campaign.public_id) == ann.member
    accepted(shop.refund(order))
    drain()
    assert earned(shop, ann) == [("clawed_back", 10)]
    refused = shop.post(f"/participants/{place(bob, campaign)}/referrer", body)
    assert_refused(refused, 409, "referrer_paid")
    assert not Override.objects.exists()


def test_their_own_reward_is_no_reason_against_it(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    campaign = brought_by_ann(
        shop, ann, bob, cleo, (Trigger.JOINED, Beneficiary.MEMBER, {}), TO_REFERRER
    )
    drain()
    assert earned(shop, bob) == [("settled", 10)]
    override(shop, place(bob, campaign), place(cleo, campaign))
    drain()
    assert earned(shop, bob) == [("settled", 10)]


def test_who_brought_others_stays_where_they_are(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign = make_campaign()
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    accepted(cleo.join(campaign.public_id, code=bob.link(campaign.public_id)))
    who = place(bob, campaign)
    body = {"referrer": None, "reason": WHY}
    refused = shop.post(f"/participants/{who}/referrer", body)
    assert_refused(refused, 409, "participant_has_referees")


def test_a_counted_friend_stays_counted(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    every_third = {**HELD, "milestone_every": 3}
    policy = (Trigger.FRIEND_CONFIRMED, Beneficiary.MEMBER, every_third)
    campaign = brought_by_ann(shop, ann, bob, cleo, policy)
    drain()
    body = {"referrer": place(cleo, campaign), "reason": WHY}
    refused = shop.post(f"/participants/{place(bob, campaign)}/referrer", body)
    assert_refused(refused, 409, "friend_counted")


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"referrer": "par_nobody", "reason": "x"}, 404, "participant_unknown", "/referrer"),
        ({"referrer": None, "reason": "x" * 301}, 422, "invalid", "/reason"),
        ({"referrer": None, "reason": "  "}, 422, "invalid", "/reason"),
        ({"referrer": 7}, 422, "invalid", "/reason"),
        ({"reason": "x"}, 422, "invalid", "/referrer"),
    ],
)
def test_odd_overrides(
    shop: Shop,
    ann: Phone,
    bob: Phone,
    cleo: Phone,
    body: dict[str, object],
    status: int,
    code: str,
    pointer: str,
) -> None:
    campaign = brought_by_ann(shop, ann, bob, cleo)
    answer = shop.post(f"/participants/{place(bob, campaign)}/referrer", body)
    assert_refused(answer, status, code, pointer)


def test_only_below_somebody_else_of_the_same_campaign(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone
) -> None:
    campaign, other = brought_by_ann(shop, ann, bob, cleo), make_campaign(name="Autumn")
    accepted(cleo.join(other.public_id))
    door = f"/participants/{place(bob, campaign)}/referrer"
    own = shop.post(door, {"referrer": place(bob, campaign), "reason": WHY})
    assert_refused(own, 409, "own_referrer", "/referrer")
    elsewhere = shop.post(door, {"referrer": place(cleo, other), "reason": WHY})
    assert_refused(elsewhere, 404, "participant_unknown", "/referrer")
    assert_refused(ann.post(door, {"referrer": None, "reason": WHY}), 403, "forbidden")


def test_the_budget_holds_the_reward_once(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    campaign = brought_by_ann(shop, ann, bob, cleo, TO_REFERRER)
    shop.paid(bob)
    drain()
    assert campaign.budget.reserved_minor == 10
    override(shop, place(bob, campaign), place(cleo, campaign))
    campaign.budget.refresh_from_db()
    assert campaign.budget.reserved_minor == 0
    drain()
    campaign.budget.refresh_from_db()
    assert campaign.budget.reserved_minor == 10
    assert Grant.objects.filter(status="pending").count() == 1


def test_moving_back_gives_nothing_twice(
    shop: Shop, ann: Phone, bob: Phone, cleo: Phone, drain: Callable[[], None]
) -> None:
    """A grant only ever shrinks: what was taken back from ann is not given to her again."""
    campaign = brought_by_ann(shop, ann, bob, cleo, TO_REFERRER)
    shop.paid(bob)
    drain()
    override(shop, place(bob, campaign), place(cleo, campaign))
    drain()
    override(shop, place(bob, campaign), place(ann, campaign))
    drain()
    assert (earned(shop, ann), earned(shop, cleo)) == ([("void", 10)], [("void", 10)])
