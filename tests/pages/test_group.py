"""The group page in every state a room can be in."""

import datetime as dt

import pytest
from django.test import Client

from apps.campaigns.models import Campaign
from apps.groupbuy.models import OfferItem, Room
from apps.groupbuy.rules import RoomStatus
from apps.groupbuy.services import room_cancel, room_open
from apps.invites.selectors import Brought
from tests.makers import make_member, make_offer, now
from tests.pages.makers import SHOP, make_room, make_shop_campaign


def opened(phone: Client, room: Room, visit: str = "") -> str:
    answer = phone.get(f"/g/{room.public_id}", {"visit": visit} if visit else {})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_an_open_room(phone: Client) -> None:
    room = make_room("ann", "bob", held=("cleo",))
    page = opened(phone, room, visit="a token")
    assert "2 more people to go" in page
    assert "2 of 4 paid · 1 paying now · 1 free" in page
    assert "¥49.00" in page
    assert "<s>¥59.00</s>" in page
    assert f'href="{SHOP}?room={room.public_id}&amp;visit=a+token"' in page
    assert 'data-seconds-left="35' in page


def test_one_is_missing(phone: Client) -> None:
    assert "1 more person to go" in opened(phone, make_room("ann", size=2))


def test_a_shop_with_no_address_of_its_own(phone: Client) -> None:
    offer = make_offer(make_shop_campaign(shop_url=""), size=2)
    assert "Open the shop’s app" in opened(phone, make_room("ann", offer=offer))


def test_every_seat_is_held(phone: Client) -> None:
    page = opened(phone, make_room("ann", held=("bob",), size=2))
    assert "Every seat is taken just now" in page
    assert "?room=" not in page


def test_sold_out(phone: Client) -> None:
    room = make_room("ann")
    OfferItem.objects.update(stock=1)
    page = opened(phone, room)
    assert "Sold out" in page
    assert "?room=" not in page


def test_a_paused_campaign(phone: Client) -> None:
    room = make_room("ann")
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    page = opened(phone, room)
    assert "Nobody new can join just now" in page
    assert "?room=" not in page


@pytest.mark.parametrize("status", [RoomStatus.OPEN, RoomStatus.CLOSING])
def test_time_is_up(phone: Client, status: RoomStatus) -> None:
    room = make_room("ann", held=("bob",))
    Room.objects.update(status=status, deadline_at=now() - dt.timedelta(seconds=1))
    page = opened(phone, room)
    assert "Time is up" in page
    assert "1 payment is still under way" in page
    assert "?room=" not in page


def test_completed(phone: Client) -> None:
    page = opened(phone, make_room("ann", "bob", size=2))
    assert "This group is complete" in page
    assert "data-seconds-left" not in page
    assert "?room=" not in page


def test_failed(phone: Client) -> None:
    room = make_room("ann")
    Room.objects.update(status=RoomStatus.FAILED, ended_at=now())
    page = opened(phone, room)
    assert "This group did not fill up in time" in page
    assert "gets their money back" in page


def test_cancelled(phone: Client) -> None:
    room = make_room("ann")
    room_cancel(room_id=room.pk, reason="by the operator")
    assert "This group was cancelled" in opened(phone, room)


def test_a_room_whose_host_has_not_paid_is_not_shown(phone: Client) -> None:
    offer = make_offer(make_shop_campaign())
    room, _ = room_open(offer=offer, member_id=make_member("ann").pk, brought=Brought(), now=now())
    assert phone.get(f"/g/{room.public_id}").status_code == 404


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
