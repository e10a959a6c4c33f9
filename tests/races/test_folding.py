"""Races of folding: two at once, one with a rebuild, and with who commits late."""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.campaigns.models import Campaign
from apps.invites.models import Participant, Visit
from apps.members.models import Member
from apps.reports import services
from apps.reports.models import Reach
from apps.reports.services import folding, people, reaching, turns
from tests.makers import make_campaign
from tests.pages.makers import make_link
from tests.races.threads import Gap
from tests.reports.rollups import miscounted


def join(campaign: Campaign, referrer: Participant | None = None) -> Participant:
    now = timezone.now()
    row = Participant.objects.create(
        campaign=campaign,
        member=Member.objects.create(),
        version=campaign.versions.latest("pk"),
        referrer=referrer,
        root=referrer,
        generation=1 if referrer else 0,
        status="confirmed",
        joined_at=now,
        confirmed_at=now + dt.timedelta(minutes=1) * bool(referrer),
    )
    services.participant_mark(public_id=row.public_id)
    return row


def fold(campaign: Campaign) -> int:
    return services.campaign_fold(campaign_id=campaign.pk)


def is_right(campaign: Campaign) -> bool:
    return not miscounted(campaign)


def two_friends_folded_at_once(monkeypatch: pytest.MonkeyPatch) -> tuple[Campaign, Any]:
    """Ann has a friend counted; another comes, and is folded while the first is."""
    campaign = make_campaign()
    ann = join(campaign)
    services.campaigns_fold()
    fold(campaign)
    join(campaign, ann)
    took = people.delays_set

    def another() -> int:
        join(campaign, ann)
        return fold(campaign)

    gap = Gap(took, another)
    monkeypatch.setattr(people, "delays_set", gap)
    fold(campaign)
    monkeypatch.setattr(people, "delays_set", took)
    return campaign, gap.outcome


def test_one_folds_at_a_time(promised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, other = two_friends_folded_at_once(monkeypatch)
    assert other == 0
    assert fold(campaign) == 1
    assert is_right(campaign)


def test_control_without_the_turn_a_referee_is_lost(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "campaign_take", lambda campaign_id, waits=False: True)
    # Else the second would wait for the marks that the first is deleting.
    past_others = folding._CLAIM.replace(
        "LIMIT %(at_once)s", "LIMIT %(at_once)s FOR UPDATE SKIP LOCKED"
    )
    monkeypatch.setattr(folding, "_CLAIM", past_others)
    campaign, other = two_friends_folded_at_once(monkeypatch)
    while fold(campaign):
        pass
    assert isinstance(other, Exception) or not is_right(campaign)


def joined_during_a_rebuild(monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """Bob joins, and is folded, after a rebuild has read who there is."""
    campaign = make_campaign()
    join(campaign)
    services.campaigns_fold()
    took = people.copy_all

    def bob() -> None:
        join(campaign)
        fold(campaign)

    gap = Gap(took, bob)
    monkeypatch.setattr(people, "copy_all", gap)
    services.campaign_rebuild(campaign_id=campaign.pk, now=timezone.now())
    monkeypatch.setattr(people, "copy_all", took)
    assert not isinstance(gap.outcome, Exception)
    while fold(campaign):
        pass
    return campaign


def test_who_joins_during_a_rebuild_is_counted_after_it(
    promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_right(joined_during_a_rebuild(monkeypatch))


def test_control_without_the_turn_they_are_counted_twice(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "campaign_take", lambda campaign_id, waits=False: True)
    try:
        campaign = joined_during_a_rebuild(monkeypatch)
    except Exception:
        return  # or one of the two fails
    assert not is_right(campaign)


# A visit with a lower id becomes visible after one with a higher.


def opened_in_the_other_order() -> int:
    """Bob's visit has its id before cleo's, and is committed after hers was there to be counted."""
    link = make_link()
    services.journals_fold()
    with transaction.atomic():
        Visit.objects.create(link=link, visitor="bob")
        gap = Gap(lambda: None, lambda: Visit.objects.create(link=link, visitor="cleo"))
        gap()
        assert isinstance(gap.outcome, Visit)
        gap = Gap(lambda: None, services.journals_fold)
        gap()
        assert isinstance(gap.outcome, int)
    for _ in range(3):
        services.journals_fold()
    return sum(Reach.objects.values_list("visits", flat=True))


def test_who_commits_late_is_counted(promised: None) -> None:
    assert opened_in_the_other_order() == 2


def test_control_without_waiting_for_writers_a_visit_is_lost(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "_writers", lambda source: [])
    assert opened_in_the_other_order() == 1
