"""The group page in every state a room can be in."""

import datetime as dt
import io
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from PIL import Image

from apps.campaigns.models import Campaign
from apps.groupbuy.models import OfferItem, Room
from apps.groupbuy.rules import RoomStatus
from apps.groupbuy.services import room_cancel, room_open
from apps.invites.models import Link
from apps.invites.selectors import Brought
from apps.invites.services import campaign_link
from tests.makers import make_member, make_offer, now
from tests.pages.makers import SHOP, make_room, make_shop_campaign, make_visit, take_seat


def opened(phone: Client, room: Room, visit: str = "") -> str:
    answer = phone.get(f"/g/{room.public_id}", {"visit": visit} if visit else {})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def can_join(page: str) -> bool:
    """Whether the page shows the way in. It may be there hidden, for when a seat gets free."""
    return 'data-when="open">' in page


def test_an_open_room(phone: Client) -> None:
    room = make_room("ann", "bob", held=("cleo",))
    token = make_visit(room)
    page = opened(phone, room, visit=token)
    assert "2 more people to go" in page
    assert "2 of 4 paid · 1 paying now · 1 free" in page
    assert "¥49.00" in page
    assert "<s>¥59.00</s>" in page
    carried = urlencode({"room": room.public_id, "visit": token}).replace("&", "&amp;")
    assert f'href="{SHOP}?{carried}"' in page
    assert "ann invites you" in page
    assert 'data-seconds-left="35' in page
    assert can_join(page)


def test_one_is_missing(phone: Client) -> None:
    assert "1 more person to go" in opened(phone, make_room("ann", size=2))


def test_a_shop_with_no_address_of_its_own(phone: Client) -> None:
    offer = make_offer(make_shop_campaign(shop_url=""), size=2)
    assert "Open the shop’s app" in opened(phone, make_room("ann", offer=offer))


def test_every_seat_is_held(phone: Client) -> None:
    page = opened(phone, make_room("ann", held=("bob",), size=2))
    assert "Every seat is taken just now" in page
    assert not can_join(page)


def test_sold_out(phone: Client) -> None:
    room = make_room("ann")
    OfferItem.objects.update(stock=1)
    page = opened(phone, room)
    assert "Sold out" in page
    assert not can_join(page)


def test_a_paused_campaign(phone: Client) -> None:
    room = make_room("ann")
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    page = opened(phone, room)
    assert "Nobody new can join just now" in page
    assert not can_join(page)


@pytest.mark.parametrize("status", [RoomStatus.OPEN, RoomStatus.CLOSING])
def test_time_is_up(phone: Client, status: RoomStatus) -> None:
    room = make_room("ann", held=("bob",))
    Room.objects.update(status=status, deadline_at=now() - dt.timedelta(seconds=1))
    page = opened(phone, room)
    assert "Time is up" in page
    assert "1 payment is still under way" in page
    assert not can_join(page)


def test_completed(phone: Client) -> None:
    page = opened(phone, make_room("ann", "bob", size=2))
    assert "This group is complete" in page
    assert "data-seconds-left" not in page
    assert not can_join(page)


def test_completed_short(phone: Client) -> None:
    room = make_room("ann", "bob", size=4)
    Room.objects.update(status=RoomStatus.COMPLETED, ended_at=now(), headcount=2)
    page = opened(phone, room)
    assert "This group was completed by the shop" in page
    assert "2 of 4 had paid when the time was up" in page
    assert page.count('<span class="face') == 2


def test_an_offer_that_completes_short_says_so_before(phone: Client) -> None:
    room = make_room("ann", size=4)
    Room.objects.update(terms={"at_deadline": "complete_short", "minimum_seats": 2})
    page = opened(phone, room)
    assert "the shop completes it from 2 paid seats on: 1 more for that" in page
    assert "With 2 or more, the shop completes the group" in page


def test_steps_show_where_the_group_stands(phone: Client) -> None:
    room = make_room("ann", "bob", size=4)
    item = OfferItem.objects.get()
    steps = [{"headcount": 2, "price_minor": 4500}, {"headcount": 4, "price_minor": 4000}]
    frozen = {"id": item.pk, "sku": "tea", "name": "Tea", "steps": steps}
    prices = {"single_price_minor": 5900, "group_price_minor": 4900}
    Room.objects.update(terms={"items": [frozen | prices]})
    page = opened(phone, room)
    assert "The more people, the lower the price" in page
    for told in (
        '<span>2 people</span> <strong>¥45.00</strong> <span class="soft">now</span>',
        '<span>4 people</span> <strong>¥40.00</strong> <span class="soft">2 more</span>',
    ):
        assert told in page


def test_failed(phone: Client) -> None:
    room = make_room("ann")
    Room.objects.update(status=RoomStatus.FAILED, ended_at=now())
    page = opened(phone, room)
    assert "This group did not fill up in time" in page
    assert "gets their money back" in page


def test_cancelled(phone: Client) -> None:
    room = make_room("ann")
    room_cancel(room_id=room.pk, reason="recall", note="mould in batch 7")
    page = opened(phone, room)
    assert "This group was cancelled" in page
    assert "The shop has cancelled it: recall." in page
    assert "mould" not in page
    assert "gets their money back" in page


def test_a_room_whose_host_has_not_paid_shows_nobody(phone: Client) -> None:
    offer = make_offer(make_shop_campaign())
    room, _ = room_open(offer=offer, member_id=make_member("Ann").pk, brought=Brought(), now=now())
    page = opened(phone, room)
    assert "This group is not open yet" in page
    assert "Ann" not in page
    assert not can_join(page)
    assert phone.get(f"/g/{room.public_id}/poster.png").status_code == 404


def test_an_unknown_room(phone: Client) -> None:
    answer = phone.get("/g/room_nosuchroom")
    assert answer.status_code == 404
    assert "There is no such group" in answer.content.decode()


def test_what_others_wrote_is_escaped(phone: Client) -> None:
    page = opened(phone, make_room("<b>ann</b>", title="<i>Tea</i>"), visit='"><script>')
    assert "<b>ann" not in page
    assert "<i>Tea" not in page
    assert '"><script>' not in page


def test_a_room_in_test_mode_says_so(phone: Client) -> None:
    room = make_room("ann")
    assert "Test campaign" not in opened(phone, room)
    Campaign.objects.update(is_test=True)
    assert "Test campaign" in opened(phone, room)


def test_a_token_of_somebody_elses_making_is_left_out(phone: Client) -> None:
    page = opened(phone, make_room("ann"), visit="forged:token")
    assert "&amp;visit=" not in page
    assert "invites you" not in page


def test_the_token_goes_from_the_address_into_a_cookie(phone: Client) -> None:
    room = make_room("ann", "bob")
    link, _ = campaign_link(
        campaign=room.offer.campaign,
        member_id=make_member("bob").pk,
        brought=Brought(),
        now=now(),
        room=room.public_id,
    )
    answer = phone.get(f"/s/{link.code}")
    cookie = answer.cookies["visit"]
    assert (cookie["path"], cookie["samesite"]) == (f"/g/{room.public_id}", "Lax")
    assert cookie["httponly"]
    first = " ".join(phone.get(answer["Location"]).content.decode().split())
    clean = f'<noscript><meta http-equiv="refresh" content="0;url=/g/{room.public_id}"></noscript>'
    assert clean in first
    page = opened(phone, room)
    assert "bob invites you" in page
    assert f'value="http://testserver/s/{link.code}"' in page
    assert quote(cookie.value) in page
    assert 'content="0;url=' not in page
    # Where the cookie was refused, the address keeps it.
    assert clean not in " ".join(Client().get(answer["Location"]).content.decode().split())


def test_a_revoked_link_is_passed_on_by_nobody(phone: Client) -> None:
    room = make_room("ann")
    token = make_visit(room)
    Link.objects.update(revoked_at=now())
    page = opened(phone, room, visit=token)
    assert f'value="http://testserver/g/{room.public_id}"' in page
    assert "invites you" not in page


def test_the_card_a_messenger_shows(phone: Client) -> None:
    room = make_room("ann")
    page = opened(phone, room)
    assert '<meta property="og:title" content="Green tea">' in page
    assert "ann buys together: ¥49.00 instead of ¥59.00." in page
    picture = f"http://testserver/g/{room.public_id}/poster.png"
    assert f'<meta property="og:image" content="{picture}">' in page
    room_cancel(room_id=room.pk, reason="by the operator")
    assert 'og:description" content="This group was cancelled."' in opened(phone, room)


def test_the_part_that_changes_is_asked_for_with_its_mark(phone: Client) -> None:
    room = make_room("ann", size=4)
    path = f"/g/{room.public_id}/state"
    first = phone.get(path)
    assert "3 more people to go" in first.content.decode()
    assert "Join for" not in first.content.decode()
    again = phone.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    take_seat(room, make_member("bob"))
    changed = phone.get(path, headers={"If-None-Match": first["ETag"]})
    assert "1 paying now" in changed.content.decode()
    assert phone.get("/g/room_nosuchroom/state").status_code == 404


def test_the_picture_to_share(phone: Client) -> None:
    room = make_room("王小明", title="明前龙井 250克")
    path = f"/g/{room.public_id}/poster.png"
    for query in ("", "?link=nosuchlink", "?link=%00"):
        answer = phone.get(path + query)
        assert answer.status_code == (400 if "%00" in query else 200)
    drawn = Image.open(io.BytesIO(phone.get(path).content))
    assert (drawn.format, drawn.width) == ("PNG", 750)
    assert phone.get("/g/room_nosuchroom/poster.png").status_code == 404
