"""An operator decides who brought somebody, at the moment at which the reward for it is paid."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.checkout.services import order_report
from apps.core import services as core_services
from apps.core.errors import Busy
from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import Author, campaign_join, campaign_link, overriding
from apps.members.models import Member
from apps.orders.services import LineReport, OrderReport
from apps.points.services.ledger import NotEnoughPending
from apps.rewards.models import Grant
from apps.rewards.services import ReferrerPaid, grants_settle, referrer_override
from apps.rewards.services import overriding as rewards_overriding
from tests.makers import make_campaign, make_member, now
from tests.races.threads import Gap, at_once, attempt, without_row_locks

WHY = "She wrote to us."


@pytest.fixture
def story(committed: None) -> dict[str, Any]:
    """Bob, brought by ann, has bought, which is not decided yet; cleo says it was her."""
    campaign = make_campaign((Trigger.ORDER_PAID, Beneficiary.REFERRER, {}))
    ann, bob, cleo = (make_member(name) for name in ("ann", "bob", "cleo"))
    link, _ = campaign_link(campaign=campaign, member_id=ann.pk, brought=Brought(), now=now())
    join(campaign, cleo)
    join(campaign, bob, link.code)
    buy(bob)
    return {"campaign": campaign, "bob": place(campaign, bob), "cleo": place(campaign, cleo)}


def join(campaign: Campaign, member: Member, code: str = "") -> None:
    campaign_join(campaign=campaign, member_id=member.pk, brought=Brought(code), now=now())


def place(campaign: Campaign, member: Member) -> Participant:
    return Participant.objects.get(campaign=campaign, member=member)


def buy(member: Member, order_id: str = "o-1") -> None:
    report = OrderReport(
        order_id=order_id,
        member_id=member.pk,
        currency="CNY",
        paid_minor=1000,
        occurred_at=now(),
        lines=(LineReport("1", "tea", 1, 1000),),
    )
    order_report(report=report, brought=Brought(), now=now())


def override(story: dict[str, Any]) -> Any:
    return attempt(
        lambda: referrer_override(
            participant_id=story["bob"].pk,
            referrer_id=story["cleo"].pk,
            reason=WHY,
            author=Author(key="key_1"),
            now=now(),
        )
    )


def paid_to() -> set[str]:
    """Who was ever paid for bob's order."""
    rows = Grant.objects.filter(settled_at__isnull=False)
    return set(rows.values_list("member__profile__nickname", flat=True))


def decide() -> None:
    while core_services.events_process():
        pass


def finish() -> None:
    while core_services.events_process() + grants_settle():
        pass


def looked_and_then(
    story: dict[str, Any], monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]
) -> Any:
    """The operator has looked at what was paid, and not written yet."""
    gap = Gap(rewards_overriding._lock_grants, meanwhile)
    monkeypatch.setattr(rewards_overriding, "_lock_grants", gap)
    return override(story)


def test_a_payment_at_that_moment_comes_to_nothing(
    story: dict[str, Any], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide()
    outcome = looked_and_then(story, monkeypatch, grants_settle)
    assert outcome.referrer == story["cleo"]
    finish()
    assert paid_to() == {"cleo"}


def test_control_without_the_locks_it_is_paid_and_the_override_breaks(
    story: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    decide()
    without_row_locks(monkeypatch)
    outcome = looked_and_then(story, monkeypatch, grants_settle)
    assert isinstance(outcome, NotEnoughPending), outcome  # only the ledger's own guard is left
    assert paid_to() == {"ann"}


def test_a_decision_at_that_moment_is_about_the_new_referrer(
    story: dict[str, Any], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_and_then(story, monkeypatch, finish)
    finish()
    assert paid_to() == {"cleo"}


def test_control_without_the_locks_the_old_one_is_paid_all_the_same(
    story: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    outcome = looked_and_then(story, monkeypatch, finish)
    assert outcome.referrer == story["cleo"]
    assert paid_to() == {"ann"}


def test_an_override_after_the_payment_is_refused(story: dict[str, Any], promised: None) -> None:
    finish()
    assert isinstance(override(story), ReferrerPaid)
    story["bob"].refresh_from_db()
    assert story["bob"].referrer.member.profile.nickname == "ann"


def test_override_and_payment_at_once(story: dict[str, Any], promised: None) -> None:
    decide()
    outcome, _ = at_once(lambda: override(story), grants_settle)
    finish()
    assert paid_to() == ({"ann"} if isinstance(outcome, ReferrerPaid) else {"cleo"})


def test_an_order_that_comes_in_before_the_participant_is_locked(
    story: dict[str, Any], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = Gap(overriding._lock_counted, lambda: buy(story["bob"].member, "o-2"))
    monkeypatch.setattr(overriding, "_lock_counted", gap)
    assert isinstance(override(story), Busy)  # its decision is not locked: once more
    assert not isinstance(override(story), Exception)
    finish()
    assert paid_to() == {"cleo"}


def newcomer_in_between(story: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Dora comes below bob while an operator moves him."""
    campaign, dora = story["campaign"], make_member("dora")
    link, _ = campaign_link(
        campaign=campaign, member_id=story["bob"].member_id, brought=Brought(), now=now()
    )
    gap = Gap(overriding._require_movable, lambda: join(campaign, dora, link.code))
    monkeypatch.setattr(overriding, "_require_movable", gap)
    outcome = override(story)
    assert gap.outcome is None, gap.outcome
    return outcome


def test_a_newcomer_below_somebody_who_is_moved_waits(
    story: dict[str, Any], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer_in_between(story, monkeypatch)
    dora = Participant.objects.get(member__profile__nickname="dora")
    assert dora.referrer == story["bob"]
    assert dora.root == story["cleo"]


def test_control_without_the_locks_the_trigger_refuses(
    story: dict[str, Any], promised: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    outcome = newcomer_in_between(story, monkeypatch)
    assert isinstance(outcome, Exception)
    assert "referees" in str(outcome)
