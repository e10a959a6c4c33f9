"""Lists of members: what a shop and an operator put on them."""

from typing import Any

import pytest
from django.test import Client

from apps.campaigns.models import Audience, AudienceMember
from apps.campaigns.selectors import AudienceUnknown, audiences_of
from apps.campaigns.services import audience_add, audience_create, audience_remove
from tests.makers import make_key, make_member

pytestmark = pytest.mark.django_db

AUDIENCES = "/api/v1/audiences"


def names(audience: Audience) -> set[str]:
    rows = AudienceMember.objects.filter(audience=audience)
    return set(rows.values_list("member__identities__value", flat=True))


def test_members_are_put_on_a_list_and_taken_off() -> None:
    for name in ("ann", "bob", "cleo"):
        make_member(name)
    regulars = audience_create(name="Regulars")
    change = audience_add(audience_id=regulars.pk, external_ids=["ann", "bob", "ann", "dave"])
    assert (change.changed, change.already, change.unknown) == (2, 0, ("dave",))
    again = audience_add(audience_id=regulars.pk, external_ids=["bob", "cleo"])
    assert (again.changed, again.already, again.unknown) == (1, 1, ())
    assert names(regulars) == {"ann", "bob", "cleo"}
    off = audience_remove(audience_id=regulars.pk, external_ids=["ann", "dave"])
    assert (off.changed, off.already, off.unknown) == (1, 0, ("dave",))
    twice = audience_remove(audience_id=regulars.pk, external_ids=["ann"])
    assert (twice.changed, twice.already) == (0, 1)
    assert names(regulars) == {"bob", "cleo"}


def test_live_and_test_members_never_meet_on_a_list() -> None:
    make_member("ann")
    staff = audience_create(name="Staff", is_test=True)
    assert audience_add(audience_id=staff.pk, external_ids=["ann"]).unknown == ("ann",)


def test_a_list_is_looked_up_in_few_queries(django_assert_max_num_queries: Any) -> None:
    ann = make_member("ann")
    crowd = audience_create(name="Crowd")
    ids = ["ann", *(f"nobody-{number}" for number in range(9_999))]
    with django_assert_max_num_queries(12):
        assert audience_add(audience_id=crowd.pk, external_ids=ids).changed == 1
    assert audiences_of(ann.pk) == (crowd.public_id,)


def test_there_is_no_such_list() -> None:
    with pytest.raises(AudienceUnknown):
        audience_add(audience_id=0, external_ids=["ann"])


# Over the API


class Shop:
    def __init__(self, client: Client, **key: Any) -> None:
        self.client, self.auth = client, f"Bearer {make_key(**key)}"
        self.count = 0

    def get(self, path: str) -> Any:
        return self.client.get(path, headers={"Authorization": self.auth})

    def post(self, path: str, body: Any, key: str = "") -> Any:
        self.count += 1
        headers = {"Authorization": self.auth, "Idempotency-Key": key or f"key-{self.count}"}
        return self.client.post(path, body, "application/json", headers=headers)


@pytest.fixture
def shop(client: Client) -> Shop:
    return Shop(client)


def test_a_shop_tags_members(shop: Shop) -> None:
    make_member("ann")
    made = shop.post(AUDIENCES, {"name": "Regulars"}, key="once")
    assert made.status_code == 201
    audience = made.json()["id"]
    assert shop.post(AUDIENCES, {"name": "Regulars"}, key="once").json()["id"] == audience
    body = {"external_ids": ["ann", "dave"]}
    added = shop.post(f"{AUDIENCES}/{audience}/members", body)
    assert added.json() == {"changed": 1, "already": 0, "unknown": ["dave"]}
    [listed] = shop.get(AUDIENCES).json()["results"]
    assert (listed["name"], listed["members"]) == ("Regulars", 1)
    removed = shop.post(f"{AUDIENCES}/{audience}/members/remove", {"external_ids": ["ann"]})
    assert removed.json() == {"changed": 1, "already": 0, "unknown": []}
    assert shop.get(AUDIENCES).json()["results"][0]["members"] == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/external_ids"),
        ({"external_ids": []}, "/external_ids"),
        ({"external_ids": "ann"}, "/external_ids"),
        ({"external_ids": [{}]}, "/external_ids/0"),
        ({"external_ids": ["x" * 129]}, "/external_ids/0"),
        ({"external_ids": ["nul\0"]}, "/external_ids/0"),
        ({"external_ids": ["x"] * 1001}, "/external_ids"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(shop: Shop, body: Any, pointer: str) -> None:
    audience = audience_create(name="Regulars")
    refused = shop.post(f"{AUDIENCES}/{audience.public_id}/members", body)
    assert refused.status_code == 422
    assert pointer in [row["pointer"] for row in refused.json()["errors"]]


def test_lists_are_of_their_mode_and_need_the_scope(shop: Shop, client: Client) -> None:
    staff = audience_create(name="Staff", is_test=True)
    body = {"external_ids": ["ann"]}
    unknown = shop.post(f"{AUDIENCES}/{staff.public_id}/members", body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "audience_unknown")
    assert shop.get(AUDIENCES).json()["results"] == []
    narrow = Shop(client, scopes=("orders",))
    assert narrow.get(AUDIENCES).status_code == 403
    assert narrow.post(AUDIENCES, {"name": "Regulars"}).status_code == 403
    assert client.get(AUDIENCES).status_code == 401
