"""Variants: drawn for seeds, inherited below them, shown by links, kept from a visitor's first look."""

from collections.abc import Callable

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Campaign, Variant
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_pause, campaign_publish
from apps.invites.models import Participant
from tests.flows.client import Caller, Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_key, make_offer, now

Drain = Callable[[], None]

BUYER = Beneficiary.MEMBER


def make_split(**given: object) -> Campaign:
    """Half of the seeds see a, which gives the buyer 1 point, half b, which gives 20."""
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"points": 1, "variant": "a"}),
        (Trigger.ORDER_PAID, BUYER, {"points": 20, "variant": "b"}),
        published=False,
        **given,
    )
    return publish(campaign, "a", "b")


def publish(campaign: Campaign, *keys: str, holdout: str = "") -> Campaign:
    for key in keys:
        Variant.objects.create(campaign=campaign, key=key, is_holdout=key == holdout)
    campaign_publish(campaign_id=campaign.pk, now=now())
    campaign.refresh_from_db()
    return campaign


@pytest.fixture
def guest(committed: None, http: httpx.Client) -> Caller:
    """Somebody with a phone, and no name yet."""
    return Caller(http, User_Agent="Mozilla/5.0 (Linux; Android 15) Chrome/130")


def draw(caller: Caller, campaign: Campaign, **said: str) -> tuple[str, str]:
    """(draw token, variant)."""
    body = accepted(caller.post(f"/campaigns/{campaign.public_id}/draws", said), 200)
    return body["draw_token"], body["variant"]


def token_of(guest: Caller, campaign: Campaign, variant: str) -> str:
    """The draw token of some visitor who drew this variant."""
    draws = (draw(guest, campaign, visitor=f"{variant}-{number}") for number in range(200))
    return next(token for token, drawn in draws if drawn == variant)


def place(shop: Shop, phone: Phone, campaign: Campaign) -> tuple[str, bool]:
    """(variant, crossed), as support sees them."""
    mine = Participant.objects.get(member__public_id=phone.member, campaign=campaign)
    trace = shop.get(f"/participants/{mine.public_id}/trace")
    return trace["variant"], trace["crossed"]


def test_a_visitor_keeps_their_first_draw(guest: Caller) -> None:
    campaign = make_split()
    token, variant = draw(guest, campaign, visitor="device-1")
    assert draw(guest, campaign, visitor="device-1") == (token, variant)
    assert draw(guest, campaign, draw_token=token) == (token, variant)
    assert draw(guest, campaign, draw_token=token, visitor="device-2") == (token, variant)
    drawn = [draw(guest, campaign) for _ in range(40)]
    assert {variant for _, variant in drawn} == {"a", "b"}
    assert len({token for token, _ in drawn}) == 40


def test_a_draw_outlives_a_new_version(guest: Caller) -> None:
    campaign = make_split()
    token = token_of(guest, campaign, "a")
    Variant.objects.filter(campaign=campaign, key="b").update(weight=1_000_000)
    publish(campaign)
    assert draw(guest, campaign, draw_token=token) == (token, "a")
    # A variant that is offered no more cannot be kept.
    campaign.policies.filter(variant="a").delete()
    Variant.objects.filter(campaign=campaign, key="a").delete()
    publish(campaign)
    assert draw(guest, campaign, draw_token=token) == (token, "b")


def test_where_nothing_is_to_be_drawn(guest: Caller) -> None:
    plain = make_campaign()
    assert draw(guest, plain) == ("", "")
    campaign_pause(campaign_id=plain.pk)
    door = f"/campaigns/{plain.public_id}/draws"
    assert_refused(guest.post(door), 409, "campaign_not_running")
    assert_refused(guest.post("/campaigns/cmp_nosuch/draws"), 404, "campaign_unknown")


def test_a_token_of_somebody_else(guest: Caller, ann: Phone) -> None:
    spring, autumn = make_split(), make_split(name="Autumn")
    token, _ = draw(guest, spring)
    for wrong in (token, "drw_1:forged", "nonsense"):
        refused = guest.post(f"/campaigns/{autumn.public_id}/draws", {"draw_token": wrong})
        assert_refused(refused, 422, "draw_token_invalid", "/draw_token")
    forged = ann.join(autumn.public_id, draw_token="drw_1:forged")
    assert_refused(forged, 422, "draw_token_invalid", "/draw_token")
    accepted(ann.join(autumn.public_id, draw_token=token))  # kept for its own campaign


def test_live_and_test_draws_do_not_meet(http: httpx.Client, guest: Caller, ann: Phone) -> None:
    trial = make_split(is_test=True)
    token, variant = draw(guest, trial)
    assert variant in ("a", "b")
    told = ann.post("/me/touches", {"draw_token": token})
    assert_refused(told, 422, "draw_token_invalid", "/draw_token")
    tester = Shop(http, make_key(is_test=True)).phone("tess")
    assert accepted(tester.join(trial.public_id, draw_token=token))["variant"] == variant


@pytest.mark.parametrize("variant", ["a", "b"])
def test_a_seed_keeps_what_they_saw(
    shop: Shop, guest: Caller, ann: Phone, drain: Drain, variant: str
) -> None:
    campaign = make_split()
    token = token_of(guest, campaign, variant)
    joined = accepted(ann.join(campaign.public_id, draw_token=token))
    assert (joined["variant"], joined["brought"]) == (variant, False)
    shop.paid(ann)
    drain()
    assert ann.wallet() == ({"a": 1, "b": 20}[variant], 0, 0)
    assert place(shop, ann, campaign) == (variant, False)
    # Whoever takes part is shown their tree's, whatever they drew elsewhere.
    other = token_of(guest, campaign, "b" if variant == "a" else "a")
    assert draw(ann, campaign, draw_token=other) == ("", variant)


def test_a_seed_without_a_token_is_drawn_by_who_they_are(shop: Shop) -> None:
    campaign = make_split()
    phones = [shop.phone(f"member-{number}") for number in range(24)]
    drawn = [draw(phone, campaign)[1] for phone in phones[:12]]
    joined = [accepted(phone.join(campaign.public_id))["variant"] for phone in phones]
    assert joined[:12] == drawn
    assert set(joined) == {"a", "b"}


def test_the_token_is_taken_at_every_door(shop: Shop, guest: Caller, ann: Phone) -> None:
    campaign = make_split(enrolment="everyone", qualifying_act="room")
    token = token_of(guest, campaign, "b")
    offer = make_offer(campaign).public_id
    accepted(ann.put(f"/campaigns/{campaign.public_id}/link", {"draw_token": token}))
    bob, cleo, dora = (shop.phone(name) for name in ("bob", "cleo", "dora"))
    room, _ = bob.open_room(offer, draw_token=token)
    accepted(cleo.post("/me/touches", {"draw_token": token}), 204)
    accepted(cleo.join(campaign.public_id))
    accepted(shop.order("o1", dora, draw_token=token))
    assert {place(shop, phone, campaign) for phone in (ann, bob, cleo, dora)} == {("b", False)}
    assert room


def test_a_bad_draw_token_costs_an_order_nothing(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone
) -> None:
    campaign = make_split(enrolment="everyone")
    code = ann.link(campaign.public_id)
    body = accepted(shop.order("o1", bob, code=code, draw_token="drw_1:forged"))
    assert [row["pointer"] for row in body["ignored"]] == ["/draw_token"]
    assert campaign.participants.get(member__public_id=bob.member).referrer is not None


def test_a_link_shows_the_variant_of_its_tree(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone, cleo: Phone, http: httpx.Client
) -> None:
    campaign = make_split(shop_url="https://shop.example/join")
    accepted(ann.join(campaign.public_id, draw_token=token_of(guest, campaign, "b")))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    link = accepted(bob.put(f"/campaigns/{campaign.public_id}/link"), 201)
    assert link["variant"] == "b"
    assert accepted(guest.post("/visits", {"code": link["code"]}))["variant"] == "b"
    page = http.get(f"/s/{link['code']}", headers={"User-Agent": "Mozilla/5.0 Chrome/130"}).text
    assert 'data-variant="b"' in page
    assert "variant=b" in page
    joined = accepted(cleo.join(campaign.public_id, visit_token=cleo.visit(link["code"])))
    assert (joined["variant"], joined["generation"]) == ("b", 2)
    assert place(shop, cleo, campaign) == ("b", False)


def test_where_both_exist_the_tree_wins_and_a_crossing_is_counted(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone, cleo: Phone, drain: Drain
) -> None:
    campaign = make_split()
    accepted(ann.join(campaign.public_id, draw_token=token_of(guest, campaign, "b")))
    code = ann.link(campaign.public_id)
    saw_a, saw_b = (token_of(guest, campaign, variant) for variant in ("a", "b"))
    assert accepted(bob.join(campaign.public_id, code=code, draw_token=saw_a))["variant"] == "b"
    accepted(cleo.join(campaign.public_id, code=code, draw_token=saw_b))
    assert place(shop, bob, campaign) == ("b", True)
    assert place(shop, cleo, campaign) == ("b", False)
    shop.paid(bob)
    drain()
    assert bob.wallet() == (20, 0, 0)
    User.objects.create_superuser("olga", password="x")
    olga = Client()
    olga.force_login(User.objects.get())
    page = olga.get(reverse("admin:invites_participant_changelist"), {"crossed__exact": 1})
    assert [row.member.public_id for row in page.context["cl"].queryset] == [bob.member]


def test_a_draw_that_is_told_later_is_a_crossing_too(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone
) -> None:
    campaign = make_split()
    accepted(ann.join(campaign.public_id, draw_token=token_of(guest, campaign, "b")))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    saw_a = token_of(guest, campaign, "a")
    accepted(bob.join(campaign.public_id, draw_token=saw_a), 200)
    assert place(shop, bob, campaign) == ("b", True)


def test_who_moves_into_another_tree_has_crossed(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone
) -> None:
    campaign = make_split(qualifying_act="room")
    saw_a, saw_b = (token_of(guest, campaign, variant) for variant in ("a", "b"))
    accepted(ann.join(campaign.public_id, draw_token=saw_b))
    accepted(bob.join(campaign.public_id, draw_token=saw_a))
    assert place(shop, bob, campaign) == ("a", False)
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)), 200)
    assert place(shop, bob, campaign) == ("b", True)


def test_the_holdout_gets_nothing_and_is_counted(
    shop: Shop, guest: Caller, ann: Phone, bob: Phone, drain: Drain
) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {}),
        (Trigger.JOINED, Beneficiary.REFERRER, {}),
        (Trigger.FRIEND_BOUGHT, BUYER, {}),
        published=False,
    )
    publish(campaign, "shown", "control", holdout="control")
    door = f"/campaigns/{campaign.public_id}/draws"
    answers = [accepted(guest.post(door, {"visitor": str(n)}), 200) for n in range(40)]
    assert {(row["variant"], row["is_holdout"]) for row in answers} == {
        ("shown", False),
        ("control", True),
    }
    held_out = next(row["draw_token"] for row in answers if row["is_holdout"])
    accepted(ann.join(campaign.public_id, draw_token=held_out))
    accepted(bob.join(campaign.public_id, code=ann.link(campaign.public_id)))
    order = shop.paid(bob)
    drain()
    assert shop.refusals(order) == ["holdout"]
    assert (ann.wallet(), bob.wallet()) == ((0, 0, 0), (0, 0, 0))
    assert shop.grants() == []
    people = shop.participants(campaign.public_id)
    assert (people["participants"], people["referred"]) == (2, 1)
