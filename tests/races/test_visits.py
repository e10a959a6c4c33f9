"""Races at an opened link: with its revocation, and of one visitor with themselves."""

from typing import Any

import pytest
from django.db import transaction

from apps.invites.models import Link, Visit
from apps.invites.rules import Opening
from apps.invites.services import LinkRevoked, link_revoke, visit_record, visits, visits_keep
from apps.invites.services.visits import Opened
from tests.pages.makers import make_link
from tests.races.threads import Gap, at_once, broken_promises, without

BOB = Opening("GET", "", is_bot=False, device="phone", visitor="bob")


def open_as_bob(link: Link) -> Visit:
    return visit_record(link=link, opening=BOB)


def opened_while_revoked() -> Any:
    """Bob opens a link that was revoked in a transaction which has not committed yet."""
    link = make_link()
    gap = Gap(link_revoke, lambda: open_as_bob(link))
    with transaction.atomic():
        gap(link_id=link.pk)
    return gap.outcome


def test_who_opens_a_link_that_is_being_revoked_waits_and_is_refused(promised: None) -> None:
    assert isinstance(opened_while_revoked(), LinkRevoked)
    assert not Visit.objects.exists()


def test_control_without_the_links_lock_it_is_opened_after_it_was_revoked(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "_KEEP_WAITING", visits._KEEP_WAITING.replace("FOR SHARE", ""))
    assert isinstance(opened_while_revoked(), Visit)
    assert broken_promises() == {9}


def test_a_revocation_waits_for_who_is_opening(promised: None) -> None:
    link = make_link()
    gap = Gap(open_as_bob, lambda: link_revoke(link_id=link.pk))
    with transaction.atomic():
        visit = gap(link)
    assert gap.outcome is None
    link.refresh_from_db()
    assert link.revoked_at is not None
    assert Visit.objects.get() == visit


def test_the_front_door_does_not_wait_and_holds_nobody_up(promised: None) -> None:
    """What it does not keep goes to Django, which waits for itself alone."""
    revoked, other = make_link("ann"), make_link("cleo")
    opened = [Opened(f"vis_{link.pk}", link.pk, "", "", "", "") for link in (revoked, other)]
    gap = Gap(link_revoke, lambda: visits_keep(visits=opened, waits=False))
    with transaction.atomic():
        gap(link_id=revoked.pk)
        assert set(gap.outcome) == {f"vis_{other.pk}"}


# Somebody taps twice, and two processes keep it.


def two_taps() -> tuple[str, str]:
    """Why each of two visits of bob's counts nowhere; the second comes before the first commits."""
    link = make_link()
    gap = Gap(open_as_bob, lambda: open_as_bob(link))
    with transaction.atomic():
        first = gap(link)
    return first.skipped, gap.outcome.skipped


def test_two_taps_are_one_visit_and_a_repeat(promised: None) -> None:
    assert two_taps() == ("", "repeat")


def test_control_without_the_unique_key_both_count(committed: None) -> None:
    with without("invites_visit", "visitor_counted_once_an_hour"):
        assert two_taps() == ("", "")


def test_many_taps_in_many_batches_are_one_visit(promised: None) -> None:
    link = make_link()

    def tap(number: int) -> Any:
        batch = [Opened(f"vis_{number}_{n}", link.pk, "", "", "bob", "") for n in range(3)]
        return visits_keep(visits=batch)

    at_once(*[lambda number=number: tap(number) for number in range(8)])
    assert Visit.objects.filter(skipped="").count() == 1
    assert set(Visit.objects.values_list("skipped", flat=True)) <= {"", "repeat"}
