"""Olga makes a link to a room by hand; whose it is becomes the inviter there."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from apps.groupbuy.services import room_open
from apps.invites.models import Link
from apps.invites.selectors import Brought
from tests.groupbuy.makers import make_room
from tests.makers import make_campaign, make_member, make_offer, now

pytestmark = pytest.mark.django_db
PAGE = "admin:groupbuy_room_make_link"
ASKED = {"member": "kate", "kind": "community", "afterwards": "page", "code": "kate-room"}


def test_olga_makes_a_link_to_a_room(admin_client: Client) -> None:
    room = make_room()
    make_member("kate")
    page = reverse(PAGE, args=[room.pk])
    shown = admin_client.get(page).content.decode()
    assert "Make the link" in shown
    assert 'name="campaign"' not in shown
    for wrong, words in (
        ({"member": "nobody"}, "no member with the external_id"),
        ({"code": "A b"}, "code"),
        ({"label": "x" * 81}, "at most 80 characters"),
    ):
        assert words in admin_client.post(page, {**ASKED, **wrong}).content.decode()
    assert not Link.objects.exclude(is_default=True).exists()
    said = admin_client.post(page, ASKED, follow=True).content.decode()
    assert "The link kate-room is made." in said
    link = Link.objects.get(code="kate-room")
    assert (link.room, link.kind, link.is_default) == (room.public_id, "community", False)
    assert link.participant.campaign_id == room.offer.campaign_id
    assert "Another link has this code." in admin_client.post(page, ASKED).content.decode()


def test_not_before_its_host_has_paid_and_not_by_everybody(
    admin_client: Client, client: Client
) -> None:
    host, offer = make_member(), make_offer(make_campaign(qualifying_act="room"))
    pending, _ = room_open(offer=offer, member_id=host.pk, brought=Brought(), now=now())
    assert admin_client.get(reverse(PAGE, args=[pending.pk])).status_code == 403
    assert admin_client.get(reverse(PAGE, args=["0"])).status_code == 403
    otto = User.objects.create_user("otto", is_staff=True)
    otto.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(otto)
    assert client.get(reverse(PAGE, args=[make_room().pk])).status_code == 403
