"""The operator, olga, sees what the shop owes, and says what was paid."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.obligations import services
from apps.obligations.models import Fulfilment, Payable, Payout, PayoutPlan
from tests.makers import make_member as make_known_member
from tests.obligations.makers import NOW, earn, make_member, paid, statement, take_back


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:obligations_{name}", args=args)


def requested() -> Payout:
    ann = make_known_member("ann")
    earn(ann, 12345, key="g1")
    return statement(ann)


def press(operator: Client, name: str, row: Any, **fields: str) -> int:
    """Fill in the dialog behind a button of a row's page."""
    address = page(name, row.pk)
    assert "<form" in operator.get(address).content.decode()
    return operator.post(address, {"_form_submitted": "on", **fields}).status_code


def test_olga_confirms_a_statement_with_a_note(olga: Client) -> None:
    payout = requested()
    shown = olga.get(page("payout_change", payout.pk)).content.decode()
    assert "¥123.45" in shown
    assert "grt_g1" in shown
    assert press(olga, "payout_confirm", payout, note="by bank", reference="tx-7") == 200
    payout.refresh_from_db()
    assert (payout.status, payout.note, payout.reference) == ("confirmed", "by bank", "tx-7")
    assert "1 statement confirmed" in olga.get(page("payout_changelist")).content.decode()


def test_olga_says_that_it_could_not_be_paid(olga: Client) -> None:
    payout = requested()
    press(olga, "payout_fail", payout, note="")
    payout.refresh_from_db()
    assert payout.status == "requested"
    press(olga, "payout_fail", payout, note="account closed")
    payout.refresh_from_db()
    assert (payout.status, payout.note) == ("failed", "account closed")
    late = olga.post(page("payout_confirm", payout.pk), {"_form_submitted": "on"})
    assert late.status_code == 403
    chosen = {"action": "mark_paid", "_selected_action": [payout.pk]}
    answer = olga.post(page("payout_changelist"), chosen, follow=True)
    assert "failed already" in answer.content.decode()


@pytest.mark.parametrize("row", ["nonsense", "9" * 40, "1"])
def test_a_statement_that_is_not_there(olga: Client, row: str) -> None:
    assert olga.post(f"/admin/obligations/payout/{row}/confirm/").status_code == 403
    assert olga.get(f"/admin/obligations/payout/{row}/statement/").status_code == 404


def test_olga_confirms_many(olga: Client) -> None:
    payout = requested()
    chosen = {"action": "mark_paid", "_selected_action": [payout.pk]}
    olga.post(page("payout_changelist"), chosen)
    assert Payout.objects.get().status == "confirmed"


def test_otto_may_look_but_not_confirm(otto: Client) -> None:
    payout = requested()
    assert otto.get(page("payout_change", payout.pk)).status_code == 200
    assert (
        otto.post(page("payout_confirm", payout.pk), {"_form_submitted": "on"}).status_code == 403
    )
    otto.post(page("payout_changelist"), {"action": "mark_paid", "_selected_action": [payout.pk]})
    payout.refresh_from_db()
    assert payout.status == "requested"


def test_a_statement_can_be_read_and_printed(olga: Client, client: Client) -> None:
    ann = make_known_member("ann")
    paid(ann, 100, key="g1")
    take_back("g1", 30)
    earn(ann, 5000, key="g2")
    payout = statement(ann)
    shown = olga.get(page("payout_statement", payout.pk)).content.decode()
    for words in ("Statement for ann", "¥50.00", "−¥0.30", "¥49.70", "grt_g1"):
        assert words in shown
    assert Client().get(page("payout_statement", payout.pk)).status_code == 302
    assert olga.get(page("payout_statement", 10**6)).status_code == 404


def test_open_statements_as_csv(olga: Client) -> None:
    ann = make_known_member("=cmd()")
    earn(ann, 100, key="g1")
    payout = statement(ann)
    paid(make_member(), 5, key="g2")
    answer = olga.get(page("payout_export_open"))
    assert answer["Content-Type"].startswith("text/csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"{payout.public_id},{ann.public_id},'=cmd(),CNY,100,")


def test_olga_hands_a_gift_over(olga: Client) -> None:
    for key in ("g1", "g2", "g3"):
        services.fulfilment_promise(
            member_id=make_member().pk,
            gift="A tea pot",
            quantity=1,
            key=key,
            reference="",
            now=NOW,
        )
        services.fulfilment_release(key=key, now=NOW)
    first, second, third = Fulfilment.objects.order_by("pk")
    press(olga, "fulfilment_confirm", first, note="parcel 7")
    press(olga, "fulfilment_cancel", second, note="sold out")
    chosen = {"action": "hand_over", "_selected_action": [third.pk]}
    olga.post(page("fulfilment_changelist"), chosen)
    assert [(gift.status, gift.note) for gift in Fulfilment.objects.order_by("pk")] == [
        ("confirmed", "parcel 7"),
        ("cancelled", "sold out"),
        ("confirmed", ""),
    ]


def plan_form(**changed: object) -> dict[str, object]:
    return {
        "schedule": "daily",
        "day": 5,
        "time_zone": "Asia/Shanghai",
        "minimum_minor": 1000,
        **changed,
    }


def test_olga_says_when_statements_are_made(olga: Client) -> None:
    assert olga.get(page("payoutplan_changelist")).status_code == 200
    plan = PayoutPlan.objects.get(is_test=False)
    olga.post(page("payoutplan_change", plan.pk), plan_form())
    plan.refresh_from_db()
    assert (plan.schedule, plan.time_zone, plan.minimum_minor) == ("daily", "Asia/Shanghai", 1000)
    assert plan.next_at is not None
    assert plan.next_at.hour == 16


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Mars/Olympus"}, {"day": 29}, {"minimum_minor": 0}, {"day": "x"}]
)
def test_olga_mistypes_the_plan(olga: Client, wrong: dict[str, object]) -> None:
    plan = services.plan_open(is_test=False)
    answer = olga.post(page("payoutplan_change", plan.pk), plan_form(**wrong))
    assert answer.status_code == 200
    plan.refresh_from_db()
    assert plan.schedule == "monthly"


def test_olga_makes_statements_now(olga: Client) -> None:
    earn(make_member(), 500, key="g1")
    earn(make_member(), 5, key="g2")
    plan = services.plan_change(
        is_test=False, schedule="by_hand", day=1, time_zone="UTC", minimum_minor=100
    )
    chosen = {"action": "close_now", "_selected_action": [plan.pk]}
    answer = olga.post(page("payoutplan_changelist"), chosen, follow=True)
    assert "1 plan is being carried out" in answer.content.decode()
    assert services.payouts_sweep() == 1
    plan.refresh_from_db()
    assert plan.next_at is None
    chosen = {"action": "close_now", "_selected_action": [Payable.objects.get(key="g2").pk]}
    olga.post(page("payable_changelist"), chosen)
    assert sorted(Payout.objects.values_list("total_minor", flat=True)) == [5, 500]


@pytest.mark.parametrize(
    "model",
    ["payout", "payable", "payoutline", "deduction", "takeback", "fulfilment", "payoutplan"],
)
def test_the_lists_and_pages_open(olga: Client, model: str) -> None:
    ann = make_member()
    paid(ann, 100, key="g1")
    take_back("g1", 30)
    services.fulfilment_promise(
        member_id=ann.pk, gift="A tea pot", quantity=1, key="g1", reference="", now=NOW
    )
    assert olga.get(page(f"{model}_changelist")).status_code == 200
    row = {m._meta.model_name: m for m in (*_models(),)}[model].objects.first()
    assert olga.get(page(f"{model}_change", row.pk)).status_code == 200


def _models() -> list[Any]:
    from django.apps import apps

    return list(apps.get_app_config("obligations").get_models())
