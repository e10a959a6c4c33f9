"""Who may come in: bad, foreign and missing credentials, and members of the other mode."""

import datetime as dt

import httpx
import jwt
import pytest
from django.conf import settings

from apps.invites.models import Participant, Touch
from apps.members.credentials import MemberClaims, member_token_issue
from apps.members.models import Member, ServerKey
from apps.members.services import server_key_create, server_key_revoke
from apps.orders.models import Order
from tests.flows.client import Caller, Phone, Shop, accepted, assert_refused
from tests.makers import make_campaign, make_key, make_offer, now


def test_without_a_credential_only_public_doors_open(shop: Shop, http: httpx.Client) -> None:
    passer_by = Caller(http)
    campaign = make_campaign().public_id
    assert passer_by.get("/campaigns")["results"][0]["id"] == campaign
    refused = passer_by.post(f"/campaigns/{campaign}/join")
    assert_refused(refused, 401, "unauthenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert_refused(passer_by.ask("GET", "/me"), 401, "unauthenticated")
    assert_refused(passer_by.post("/orders"), 401, "unauthenticated")
    assert not Participant.objects.exists()


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer not.a.token", "Basic YTpi", "Bearer a b", "Bearer sk_live_guess", "x"],
)
def test_a_bad_credential_is_refused_also_at_public_doors(
    shop: Shop, http: httpx.Client, header: str
) -> None:
    caller = Caller(http, Authorization=header)
    assert_refused(caller.ask("GET", "/me"), 401, "unauthenticated")
    assert_refused(caller.ask("GET", "/campaigns"), 401, "unauthenticated")


def test_an_expired_token(shop: Shop, ann: Phone, http: httpx.Client) -> None:
    member = Member.objects.get(public_id=ann.member)
    claims = MemberClaims(member.pk, member.public_id, is_test=False)
    token, _ = member_token_issue(claims, now=now() - dt.timedelta(days=1))
    assert_refused(Caller(http, token).ask("GET", "/me"), 401, "unauthenticated")


def test_a_forged_token(shop: Shop, ann: Phone, http: httpx.Client) -> None:
    claims = jwt.decode(ann.token, options={"verify_signature": False})
    forged = jwt.encode(claims, "not the key of this engine, but as long", algorithm="HS256")
    assert_refused(Caller(http, forged).ask("GET", "/me"), 401, "unauthenticated")
    unsigned = jwt.encode(claims, None, algorithm="none")
    assert_refused(Caller(http, unsigned).ask("GET", "/me"), 401, "unauthenticated")
    elsewhere = jwt.encode(
        {**claims, "aud": "another/door"}, settings.SECRET_KEY, algorithm="HS256"
    )
    assert_refused(Caller(http, elsewhere).ask("GET", "/me"), 401, "unauthenticated")
    assert ann.get("/me")["id"] == ann.member


def test_a_revoked_key(shop: Shop, http: httpx.Client) -> None:
    key, text = server_key_create(name="old")
    former = Shop(http, text)
    assert former.refund_orders() == []
    # This door remembers keys, and its statement looks whether they are good.
    spend = {"member": "nobody", "order_id": "o1", "amount": 1}
    assert_refused(former.post("/points/spends", spend), 404, "member_unknown", "/member")
    server_key_revoke(key_id=key.pk)
    assert_refused(former.ask("GET", "/refund-orders"), 401, "unauthenticated")
    assert_refused(former.post("/points/spends", spend), 401, "unauthenticated")


@pytest.mark.parametrize("scope", ServerKey.SCOPES)
def test_a_key_opens_the_doors_of_its_scopes_only(
    shop: Shop, http: httpx.Client, scope: str
) -> None:
    shop.phone("ann")
    campaign = make_campaign().public_id
    doors = {
        "members": "/members/ann",
        "orders": "/refund-orders",
        "rewards": "/grants",
        "reports": f"/campaigns/{campaign}/report",
        "webhooks": "/webhook-endpoints",
    }
    narrow = Shop(http, make_key(scopes=(scope,)))
    for needed, path in doors.items():
        answer = narrow.ask("GET", path)
        if needed == scope:
            accepted(answer, 200)
        else:
            assert_refused(answer, 403, "forbidden")


def test_a_phone_stays_out_of_the_shops_doors(shop: Shop, ann: Phone) -> None:
    assert_refused(ann.ask("GET", "/refund-orders"), 403, "forbidden")
    assert_refused(ann.post("/orders", shop.report("o1", ann)), 403, "forbidden")
    assert not Order.objects.exists()


def test_the_shop_may_act_for_a_member(shop: Shop, ann: Phone) -> None:
    campaign = make_campaign().public_id
    path = f"/campaigns/{campaign}/join"
    assert_refused(shop.post(path), 403, "forbidden")
    joined = shop.ask("POST", path, {}, On_Behalf_Of="ann", Idempotency_Key="k1")
    assert accepted(joined)["id"] == ann.join(campaign).json()["id"]
    nobody = shop.ask("POST", path, {}, On_Behalf_Of="nobody", Idempotency_Key="k2")
    assert_refused(nobody, 404, "member_unknown")
    assert Participant.objects.count() == 1


def test_one_key_for_two_members_the_shop_acts_for_is_two_requests(
    shop: Shop, ann: Phone, bob: Phone
) -> None:
    path = f"/campaigns/{make_campaign().public_id}/join"
    joined = {
        accepted(shop.ask("POST", path, {}, On_Behalf_Of=name, Idempotency_Key="same"))["id"]
        for name in ("ann", "bob")
    }
    assert len(joined) == 2


def test_a_test_member_meets_only_test_campaigns(
    shop: Shop, ann: Phone, http: httpx.Client
) -> None:
    trial_shop = Shop(http, make_key(is_test=True))
    tina = trial_shop.phone("tina")
    live, trial = make_campaign(), make_campaign(name="Trial", is_test=True)
    offer = make_offer(live).public_id
    assert [row["id"] for row in tina.get("/campaigns")["results"]] == [trial.public_id]
    assert_refused(tina.join(live.public_id), 404, "campaign_unknown")
    assert_refused(ann.join(trial.public_id), 404, "campaign_unknown")
    assert_refused(tina.post(f"/offers/{offer}/rooms"), 404, "offer_unknown")
    room, seat = ann.open_room(offer)
    assert_refused(tina.hold(room), 404, "room_unknown")
    assert_refused(trial_shop.ask("GET", f"/seats/{seat}"), 404, "seat_unknown")
    paying = trial_shop.order("o1", tina, seat=seat)
    assert_refused(paying, 404, "seat_unknown", "/lines/0/seat")
    assert_refused(shop.ask("GET", "/members/tina"), 404, "member_unknown")
    assert_refused(
        trial_shop.ask("GET", f"/campaigns/{live.public_id}/report"), 404, "campaign_unknown"
    )


def test_one_name_and_one_order_id_live_and_in_test_are_two(
    shop: Shop, ann: Phone, http: httpx.Client
) -> None:
    trial_shop = Shop(http, make_key(is_test=True))
    trial_ann = trial_shop.phone("ann")
    assert trial_ann.member != ann.member
    accepted(shop.order("o1", ann))
    accepted(trial_shop.order("o1", trial_ann, amount=1))
    accepted(trial_shop.refund("o1"))
    assert list(Order.objects.order_by("pk").values_list("is_test", "refunded_minor")) == [
        (False, 0),
        (True, 1),
    ]


def test_a_live_member_is_not_brought_by_a_test_link(
    shop: Shop, ann: Phone, http: httpx.Client
) -> None:
    trial_shop = Shop(http, make_key(is_test=True))
    code = trial_shop.phone("tina").link(make_campaign(is_test=True).public_id)
    assert_refused(ann.post("/me/touches", {"code": code}), 404, "link_unknown", "/code")
    token = ann.visit(code)
    refused = ann.post("/me/touches", {"visit_token": token})
    assert_refused(refused, 422, "visit_token_invalid", "/visit_token")
    assert not Touch.objects.exists()


def test_somebody_elses_seat(shop: Shop, ann: Phone, bob: Phone) -> None:
    room, seat = ann.open_room(make_offer(make_campaign()).public_id)
    assert_refused(bob.ask("DELETE", f"/seats/{seat}"), 403, "seat_of_somebody_else")
    assert_refused(bob.ask("GET", f"/seats/{seat}"), 403, "seat_of_somebody_else")
    assert ann.get(f"/seats/{seat}")["price_minor"] == 4900
    paying = shop.order("o1", bob, seat=seat)
    assert_refused(paying, 403, "seat_of_somebody_else", "/lines/0/seat")
    assert not Order.objects.exists()
    assert shop.room(room)["status"] == "pending"


def test_two_members_cannot_share_an_identity(shop: Shop, ann: Phone, bob: Phone) -> None:
    phone = {"phone_sha256": "ab" * 32}
    accepted(shop.put("/members/ann", phone), 200)
    assert_refused(shop.put("/members/bob", {**phone, "nickname": "x"}), 409, "identity_taken")
    assert shop.get("/members/bob")["nickname"] == "Bob"
    assert_refused(shop.put("/members/cleo", phone), 409, "identity_taken")
    assert_refused(shop.ask("GET", "/members/cleo"), 404, "member_unknown")


def test_nobody_gets_a_token_for_a_stranger(shop: Shop) -> None:
    refused = shop.post("/client-tokens", {"external_id": "nobody"})
    assert_refused(refused, 404, "member_unknown", "/external_id")
