"""Gifts the shop hands over."""

import pytest
from django.db import IntegrityError, transaction

from apps.core.models import Event
from apps.obligations import services
from apps.obligations.models import Fulfilment
from apps.obligations.selectors import FulfilmentUnknown
from tests.obligations.makers import NOW, make_member

pytestmark = pytest.mark.django_db


def promise(quantity: int = 1, **given: object) -> Fulfilment:
    given = {"gift": "A tea pot", "key": "g1", "reference": "grt_1", **given}
    member = given.pop("member", None) or make_member()
    return services.fulfilment_promise(member_id=member.pk, quantity=quantity, now=NOW, **given)


def release(key: str = "g1") -> Fulfilment:
    return services.fulfilment_release(key=key, now=NOW)


def withdraw(key: str = "g1") -> bool:
    return services.fulfilment_withdraw(key=key, now=NOW)


def confirm(gift: Fulfilment, note: str = "") -> Fulfilment:
    return services.fulfilment_confirm(public_id=gift.public_id, is_test=False, note=note, now=NOW)


def cancel(gift: Fulfilment) -> Fulfilment:
    return services.fulfilment_cancel(public_id=gift.public_id, is_test=False, note="", now=NOW)


def told() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def test_a_gift_is_promised_asked_for_and_handed_over() -> None:
    gift = promise()
    assert told() == []
    assert release().status == "requested"
    assert confirm(gift, "parcel 7").note == "parcel 7"
    assert told() == ["fulfilment.requested", "fulfilment.confirmed"]
    assert withdraw() is False


def test_the_same_call_again_changes_nothing() -> None:
    bob = make_member()
    gift = promise(member=bob)
    assert promise(member=bob) == gift
    assert [release().status for _ in range(2)] == ["requested"] * 2
    assert [confirm(gift, note).note for note in ("once", "twice")] == ["once"] * 2
    assert release().status == "confirmed"
    assert len(told()) == 2


@pytest.mark.parametrize("released", [False, True])
def test_a_gift_is_withdrawn_for_good(released: bool) -> None:
    gift = promise()
    if released:
        release()
    assert [withdraw() for _ in range(2)] == [True, True]
    assert told()[-1:] == ["fulfilment.cancelled"]
    for late in (release, lambda: confirm(gift)):
        with pytest.raises(services.FulfilmentResolved), transaction.atomic():
            late()


def test_the_shop_cannot_have_it() -> None:
    gift = promise()
    release()
    assert [cancel(gift).status for _ in range(2)] == ["cancelled"] * 2
    assert withdraw() is True


def test_what_was_handed_over_cannot_be_cancelled() -> None:
    gift = promise()
    release()
    confirm(gift)
    with pytest.raises(services.FulfilmentResolved), transaction.atomic():
        cancel(gift)


def test_a_gift_on_hold_is_not_handed_over() -> None:
    gift = promise()
    with pytest.raises(services.FulfilmentNotRequested), transaction.atomic():
        confirm(gift)


def test_what_cannot_be_meant_is_refused() -> None:
    gift = promise()
    with pytest.raises(services.FulfilmentConflict), transaction.atomic():
        promise(gift="Another")
    with pytest.raises(services.GiftInvalid), transaction.atomic():
        promise(0, key="g2")
    with pytest.raises(services.FulfilmentKeyUnknown), transaction.atomic():
        withdraw("nobody's")
    with pytest.raises(FulfilmentUnknown), transaction.atomic():
        services.fulfilment_confirm(public_id=gift.public_id, is_test=True, note="", now=NOW)


def test_the_database_keeps_what_was_resolved() -> None:
    gift = promise()
    release()
    confirm(gift)
    with pytest.raises(IntegrityError), transaction.atomic():
        Fulfilment.objects.update(status="cancelled", confirmed_at=None, cancelled_at=NOW)
