"""K where completed rooms confirm: those who sit in a room that is open count in K_joined alone."""

import pytest
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.groupbuy.models import Room
from apps.invites.models import Participant
from apps.reports.sections.compared import comparison
from apps.reports.sections.spread import k_section
from apps.reports.selectors import whole_report
from apps.reports.services import campaign_rebuild
from tests.makers import make_campaign, make_offer
from tests.pages.makers import make_room
from tests.reports.makers import DAY
from tests.reports.test_experiment import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """Sixty friends of seeds, half of whom brought one more; and one who came yesterday."""
    made = make_campaign(qualifying_act="room", starts_at=timezone.now() - 60 * DAY)
    seeds = people(made, 30, ago=30 * DAY, below=[])
    friends = people(made, 60, ago=20 * DAY, below=seeds)
    people(made, 30, ago=18 * DAY, below=friends[:30])
    people(made, 1, ago=DAY, below=seeds)
    campaign_rebuild(campaign_id=made.pk, now=timezone.now())
    return made


def brought(who: str, by: Participant) -> None:
    """The member of this name was brought by somebody, and is not confirmed yet."""
    Participant.objects.filter(member__identities__value=who, campaign=by.campaign).update(
        referrer=by, root=by.root, generation=by.generation + 1
    )


def test_who_sits_in_an_open_room_may_still_be_undone(campaign: Campaign) -> None:
    now = timezone.now()
    before = whole_report(campaign, now=now)
    assert before.settling is not None
    assert before.settling.joined.k == before.spreading.k.k
    room = make_room("ann", "bob", "cleo", offer=make_offer(campaign, size=5))
    yesterday, old = (
        Participant.objects.filter(campaign=campaign, generation=1).order_by(order).first()
        for order in ("-confirmed_at", "confirmed_at")
    )
    assert yesterday is not None
    assert old is not None
    brought("ann", yesterday)
    brought("bob", yesterday)
    brought("cleo", old)  # after the window of who brought her
    report = whole_report(campaign, now=timezone.now())
    found = report.settling
    assert found is not None
    assert found.settled.k == report.spreading.k.k == before.spreading.k.k
    assert found.joined.referees == found.settled.referees + 2 == 32
    assert found.joined.participants == found.settled.participants + 3
    assert (found.joined.k.value or 0) > (found.settled.k.value or 0)
    told = [line.label for line in k_section(report).lines]
    assert told[2].startswith("K joined")
    assert comparison(report, whole_report(make_campaign(), now=now)).pairs[1].label == told[1]
    Room.objects.filter(pk=room.pk).update(status="failed", ended_at=timezone.now())
    failed = whole_report(campaign, now=timezone.now()).settling
    assert failed is not None
    assert failed.joined.referees == failed.settled.referees


def test_where_rooms_confirm_nobody_there_is_no_such_k() -> None:
    report = whole_report(make_campaign(), now=timezone.now())
    assert report.settling is None
    assert len(k_section(report).lines) == 2
