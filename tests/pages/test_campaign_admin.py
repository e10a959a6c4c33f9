"""olga sets up, checks, funds, copies, pauses and stops campaigns in the admin."""

import datetime as dt
import io
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Audience, Budget, Campaign, ComplianceOverride, Policy
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import (
    audience_create,
    budget_reserve,
    campaign_end,
    campaign_pause,
    campaign_resume,
    emergency_stop,
)
from apps.coupons.models import Template
from tests.makers import make_campaign, make_member, now
from tests.pages.test_admin import campaign_form

PER_HEAD = (
    Trigger.JOINED,
    Beneficiary.REFERRER,
    {"kind": "payable", "points": 0, "amount_minor": 500, "name": "Cash per friend"},
)


def at(page: str, *args: Any) -> str:
    return reverse(f"admin:campaigns_{page}", args=args)


def text(response: Any) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def policy_form(number: int = 0, **given: Any) -> dict[str, Any]:
    """What the browser sends for a policy that pays points for an order."""
    fields = {
        "name": "Thanks",
        "trigger": "order_paid",
        "beneficiary": "member",
        "kind": "points",
        "points": 10,
        "amount_minor": 0,
        "gift_cost_minor": 0,
        "min_order_minor": 0,
        "hold_seconds_0": 7,
        "hold_seconds_1": 0,
        "hold_from": "fact",
        **given,
    }
    return {f"policies-{number}-{name}": value for name, value in fields.items()}


def save(olga: Client, campaign: Campaign, **policy: Any) -> Any:
    """Save the campaign with one new policy."""
    kept = campaign.policies.count()
    form = campaign_form(campaign, **{"budget-0-amount_minor": ""})
    form |= {"policies-TOTAL_FORMS": 1, "policies-INITIAL_FORMS": 0, **policy_form(**policy)}
    form["currency"] = campaign.currency
    form["qualifying_act"] = campaign.qualifying_act
    assert kept == 0
    return olga.post(at("campaign_change", campaign.pk), form, follow=True)


@pytest.fixture
def draft(db: None) -> Campaign:
    campaign = make_campaign(published=False, name="Spring tea")
    campaign.policies.all().delete()
    return campaign


# The form of a policy


def test_a_policy_is_typed_in_plain_words(olga: Client, draft: Campaign) -> None:
    said = save(
        olga,
        draft,
        share_bps="2.5",
        product_tags="tea, gift set,tea",
        channels="chat，moments",
        hold_seconds_0=2,
        hold_seconds_1="1.5",
    )
    assert said.status_code == 200
    policy = Policy.objects.get()
    assert policy.share_bps == 250
    assert policy.product_tags == ["tea", "gift set"]
    assert policy.channels == ["chat", "moments"]
    assert policy.hold_seconds == 2 * 86400 + 5400


def new_campaign(**policy: Any) -> dict[str, Any]:
    """What the browser sends for a campaign that is being added, with one policy."""
    return {
        "name": "Autumn tea",
        "starts_at_0": "2026-09-01",
        "starts_at_1": "08:00:00",
        "shown_from_0": "2026-08-25",
        "shown_from_1": "08:00:00",
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
        "cost_of_1000_points_minor": 1000,
        "qualifying_act": "join",
        "enrolment": "participants",
        "attribution": "last",
        "attribution_window_0": 7,
        "keep_window_0": 7,
        "priority": 0,
        "levels": 1,
        "policies-TOTAL_FORMS": 1,
        "policies-INITIAL_FORMS": 0,
        "variants-TOTAL_FORMS": 0,
        "variants-INITIAL_FORMS": 0,
        "budget-TOTAL_FORMS": 1,
        "budget-INITIAL_FORMS": 0,
        "budget-0-amount_minor": 50_000,
        "budget-0-tail_bps": "5",
        **policy_form(**policy),
    }


def test_a_campaign_is_added_with_all_it_needs(olga: Client) -> None:
    refused = text(olga.post(at("campaign_add"), new_campaign(tiers="gold", hold_seconds_0="")))
    assert "There is no tier “gold”" in refused
    added = text(olga.post(at("campaign_add"), new_campaign(amount_minor=""), follow=True))
    assert "was added successfully" in added
    campaign = Campaign.objects.get()
    assert campaign.shown_from is not None
    assert campaign.policies.get().amount_minor == 0
    assert (campaign.budget.amount_minor, campaign.budget.tail_bps) == (50_000, 500)
    assert campaign.attribution_window == dt.timedelta(days=7)
    assert campaign.qualification_window is None


def test_lengths_of_time_are_typed_as_days_and_hours(olga: Client) -> None:
    form = new_campaign(amount_minor="")
    refused = text(olga.post(at("campaign_add"), {**form, "attribution_window_0": ""}))
    assert "This field is required" in refused
    typed = {"qualification_window_0": "1", "qualification_window_1": "12", "keep_window_1": "0.5"}
    olga.post(at("campaign_add"), {**form, **typed})
    campaign = Campaign.objects.get()
    assert campaign.qualification_window == dt.timedelta(hours=36)
    assert campaign.keep_window == dt.timedelta(days=7, minutes=30)
    page = olga.get(at("campaign_change", campaign.pk)).content.decode()
    assert 'name="keep_window_1" value="0.5"' in page


def test_milestones_are_typed_as_numbers(olga: Client, draft: Campaign) -> None:
    save(olga, draft, trigger="friend_bought", milestone_at="20, 5,10, 5")
    assert Policy.objects.get().milestone_at == [5, 10, 20]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"milestone_at": "five", "trigger": "friend_bought"}, "“five” is no number"),
        ({"milestone_at": "0", "trigger": "friend_bought"}, "between 1 and 1,000,000"),
        ({"milestone_at": "9" * 30, "trigger": "friend_bought"}, "is no number"),
        ({"milestone_at": "5"}, "Only friends are counted"),
        ({"product_tags": "x" * 41}, "longer than 40 characters"),
        ({"tiers": "gold"}, "There is no tier “gold”. There are: none yet."),
        ({"trigger": "joined", "share_bps": "5"}, "Only a paid order has an amount to share."),
        ({"trigger": "joined", "product_tags": "tea"}, "Only a paid order can be asked"),
        ({"beneficiary": "seated"}, "For this, only these can get something"),
        ({"kind": "coupon", "points": 0}, "Choose the coupon to give."),
        ({"kind": "custom"}, "Say what the shop gives."),
        ({"points": 0}, "Award some points"),
        ({"share_bps": "2.555"}, "2 decimal places"),
        ({"hold_seconds_0": -1}, "greater than or equal to 0"),
        ({"hold_seconds_1": "soon"}, "Enter a number"),
        ({"trigger": "moon_full"}, "is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    olga: Client, draft: Campaign, given: dict[str, Any], words: str
) -> None:
    assert words in text(save(olga, draft, **given))
    assert not Policy.objects.exists()


def test_a_coupon_is_chosen_among_those_of_the_campaign(olga: Client, draft: Campaign) -> None:
    terms = {"currency": "CNY", "face_minor": 500, "status": Template.Status.ACTIVE}
    tea = Template.objects.create(name="Five off", **terms)
    dollars = Template.objects.create(name="Dollars off", **{**terms, "currency": "USD"})
    Template.objects.create(name="Not yet", **{**terms, "status": Template.Status.DRAFT})
    page = text(olga.get(at("campaign_change", draft.pk)))
    assert "Five off, CNY" in page
    assert "Not yet" not in page
    given = {"kind": "coupon", "points": 0, "coupon_template": dollars.public_id}
    assert "This coupon is in USD" in text(save(olga, draft, **given))
    save(olga, draft, **{**given, "coupon_template": tea.public_id})
    assert Policy.objects.get().coupon_template == tea.public_id


def test_a_form_left_alone_changes_no_policy(olga: Client, db: None) -> None:
    terms = {"hold_seconds": 5401, "share_bps": 333, "product_tags": ["b", "a"], "points": 1}
    campaign = make_campaign((Trigger.ORDER_PAID, Beneficiary.MEMBER, terms))
    before = Policy.objects.values().get()
    page = olga.get(at("campaign_change", campaign.pk))
    [formset] = [f for f in page.context["inline_admin_formsets"] if f.formset.prefix == "policies"]
    shown = formset.formset.forms[0]
    sent = {}
    for bound in shown:
        widget, value = bound.field.widget, bound.value()
        parts = widget.decompress(value) if hasattr(widget, "decompress") else None
        if parts is not None:
            sent |= {f"{bound.html_name}_{i}": part for i, part in enumerate(parts)}
        elif value is not None and value is not False:
            sent[bound.html_name] = value
    form = campaign_form(campaign, **{"budget-0-amount_minor": ""})
    form |= {"policies-TOTAL_FORMS": 1, "policies-INITIAL_FORMS": 1, **sent}
    assert olga.post(at("campaign_change", campaign.pk), form).status_code == 302
    assert Policy.objects.values().get() == before


def test_one_variant_at_most_is_the_holdout(olga: Client, draft: Campaign) -> None:
    form = campaign_form(draft, **{"budget-0-amount_minor": "", "variants-TOTAL_FORMS": 2})
    form |= {"currency": "CNY", "qualifying_act": "join"}
    for number, key in enumerate("ab"):
        form |= {
            f"variants-{number}-key": key,
            f"variants-{number}-weight": 1,
            f"variants-{number}-is_holdout": "on",
        }
    said = olga.post(at("campaign_change", draft.pk), form)
    assert "One variant at most is the holdout." in text(said)
    assert draft.variants.count() == 0


# Compliance


def test_saving_tells_what_the_check_finds(olga: Client, draft: Campaign) -> None:
    said = text(
        save(
            olga,
            draft,
            trigger="joined",
            beneficiary="referrer",
            kind="payable",
            points=0,
            amount_minor=500,
        )
    )
    assert "“Thanks”: It pays money for each person brought" in said
    assert "The budget has no limit" in said


def test_olga_publishes_against_a_finding_with_her_reason(olga: Client, db: None) -> None:
    campaign = make_campaign(PER_HEAD, published=False)
    page = at("campaign_compliance", campaign.pk)
    assert "It cannot be published yet: 1 blocking finding." in text(olga.get(page))
    chosen = {"action": "publish", "_selected_action": [campaign.pk]}
    refused = text(olga.post(at("campaign_changelist"), chosen, follow=True))
    assert "The compliance check blocks it." in refused

    given = {"finding": "pay_per_head", "policy": campaign.policies.get().public_id}
    empty = text(olga.post(page, {**given, "reason": " "}))
    assert "Give a reason" in empty
    kept = text(olga.post(page, {**given, "reason": "Our counsel checked it."}, follow=True))
    assert "Your reason is kept." in kept
    assert "admin gave a reason on" in kept
    assert "“Our counsel checked it.”" in kept
    assert "It can be published." in kept
    olga.post(at("campaign_changelist"), chosen)
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING
    override = ComplianceOverride.objects.get()
    assert override.reason in text(olga.get(at("complianceoverride_changelist")))
    assert olga.post(at("complianceoverride_delete", override.pk)).status_code == 403


def test_a_reason_belongs_to_a_finding_that_is_there(olga: Client, db: None) -> None:
    page = at("campaign_compliance", make_campaign().pk)
    said = text(olga.post(page, {"finding": "pay_per_head", "policy": "", "reason": "Why not."}))
    assert "no such blocking finding" in said
    assert "What cannot be set up here" in said
    assert "A group buy decided by lot" in said


# Pausing, ending, copying


def test_olga_reads_what_ending_means_before_it_happens(olga: Client, db: None) -> None:
    campaign = make_campaign(name="Spring tea")
    chosen = {"action": "end", "_selected_action": [campaign.pk]}
    page = olga.post(at("campaign_changelist"), chosen, follow=True)
    address = page.redirect_chain[-1][0]
    said = text(page)
    assert "End Spring tea? This is for good" in said
    for thing in ("Open links", "Open rooms", "Held seats", "Pending grants", "Participants"):
        assert thing in said
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING

    assert "1 campaign ended." in text(olga.post(address, follow=True))
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.ENDED
    assert LogEntry.objects.get().change_message == "Ended"
    assert "cannot become" in text(olga.post(address, follow=True))


def test_olga_pauses_and_resumes(olga: Client, db: None) -> None:
    campaign = make_campaign()
    for turn, status in (("pause", "paused"), ("resume", "running")):
        way = olga.get(at(f"campaign_to_{turn}", campaign.pk))
        assert way.status_code == 302
        assert olga.get(way["Location"]).status_code == 200
        olga.post(way["Location"])
        campaign.refresh_from_db()
        assert campaign.status == status


def test_what_is_resumed_before_its_start_waits_for_it(olga: Client, db: None) -> None:
    campaign = make_campaign(starts_at=now() + dt.timedelta(days=1))
    campaign_pause(campaign_id=campaign.pk)
    campaign_resume(campaign_id=campaign.pk)
    campaign.refresh_from_db()
    assert campaign.status == "scheduled"


def until(moment: dt.datetime) -> dict[str, str]:
    return {"ends_at_0": f"{moment:%Y-%m-%d}", "ends_at_1": f"{moment:%H:%M:%S}"}


def test_the_window_is_never_closed_over_what_was_ordered(olga: Client, db: None) -> None:
    """A refund would decide again, outside the window, and take everything back."""
    campaign = make_campaign(starts_at=now() - dt.timedelta(days=9), budget_minor=1000)
    change = at("campaign_change", campaign.pk)
    for days, words in ((-1, "This is over already"), (-10, "This is over already")):
        form = campaign_form(campaign, **until(now() + dt.timedelta(days=days)))
        assert words in text(olga.post(change, form))
    later = {"starts_at_0": "2099-01-01", "starts_at_1": "00:00:00"}
    olga.post(change, campaign_form(campaign, **later))
    before = campaign.starts_at
    campaign.refresh_from_db()
    assert (campaign.starts_at, campaign.ends_at) == (before, None)
    olga.post(change, campaign_form(campaign, **until(now() + dt.timedelta(days=1))))
    campaign.refresh_from_db()
    assert campaign.ends_at is not None


def test_an_ended_campaign_cannot_be_opened_again_by_its_dates(olga: Client, db: None) -> None:
    campaign = make_campaign(budget_minor=1000)
    campaign_end(campaign_id=campaign.pk)
    form = campaign_form(campaign, **until(now() + dt.timedelta(days=30)))
    olga.post(at("campaign_change", campaign.pk), form)
    campaign.refresh_from_db()
    assert campaign.ends_at is not None
    assert campaign.ends_at <= now()


@pytest.mark.parametrize("query", ["", "?campaign=0", "?campaign=x", "?campaign=" + "9" * 30])
def test_a_turn_of_nothing(olga: Client, query: str) -> None:
    assert olga.get(at("campaign_turn", "end") + query).status_code == 404
    assert olga.get(at("campaign_turn", "burn") + query).status_code == 404


@pytest.mark.parametrize("pk", ["999999", "abc", "9" * 30])
def test_pages_of_nothing(olga: Client, pk: str) -> None:
    for page in ("compliance", "money", "copy", "to_pause", "to_resume", "to_end"):
        address = at(f"campaign_{page}", 1).replace("/1/", f"/{pk}/")
        assert olga.get(address).status_code in (403, 404), address
    assert olga.get(at("audience_members", 1).replace("/1/", f"/{pk}/")).status_code == 404


def test_olga_copies_a_campaign(olga: Client, db: None) -> None:
    campaign = make_campaign(name="Spring tea", budget_minor=700)
    address = at("campaign_copy", campaign.pk)
    assert "A copy is a draft." in text(olga.get(address))
    page = text(olga.post(address, follow=True))
    copy = Campaign.objects.get(copied_from=campaign)
    assert (copy.name, copy.status) == ("Spring tea (copy)", "draft")
    assert copy.budget.amount_minor == 700
    assert "This is Spring tea (copy), a draft." in page


# The budget


def test_the_budgets_page_shows_its_parts_and_changes_it(olga: Client, db: None) -> None:
    campaign = make_campaign(budget_minor=100_000)
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=85_000)
    address = at("campaign_money", campaign.pk)
    said = text(olga.get(address))
    assert "80 % or more is used" in said
    assert "¥850.00" in said
    assert "Other" in said
    refused = text(olga.post(address, {"amount_minor": 84_999, "tail_bps": "0"}))
    assert "More than this is already reserved or spent." in refused
    olga.post(address, {"amount_minor": 200_000, "tail_bps": "12.5"})
    budget = Budget.objects.get()
    assert (budget.amount_minor, budget.tail_bps, budget.warned_at) == (200_000, 1250, None)
    assert "Under control" in text(olga.get(address))
    for wrong in ({"amount_minor": "x"}, {"amount_minor": 2**70}, {"tail_bps": 101}):
        assert olga.post(address, {"amount_minor": 200_000, **wrong}).status_code == 200
    assert Budget.objects.get().tail_bps == 1250


def test_the_budgets_list_says_which_need_a_look(olga: Client, db: None) -> None:
    for name, used in (("Calm", 10), ("Warm", 850), ("Gone", 1000)):
        campaign = make_campaign(name=name, budget_minor=1000)
        assert budget_reserve(campaign_id=campaign.pk, cost_minor=used)
    page = text(olga.get(at("budget_changelist")))
    assert "all used" in page
    warned = text(olga.get(at("budget_changelist"), {"state": "warned"}))
    assert "2 budgets" in warned


def test_the_form_refuses_a_budget_below_what_is_used(olga: Client, db: None) -> None:
    campaign = make_campaign(budget_minor=1000)
    assert budget_reserve(campaign_id=campaign.pk, cost_minor=600)
    form = campaign_form(campaign, **{"budget-0-amount_minor": 500})
    said = text(olga.post(at("campaign_change", campaign.pk), form, follow=True))
    assert "More than this is already reserved or spent." in said
    assert Budget.objects.get().amount_minor == 1000


# The emergency stop


def test_olga_stops_the_shop_and_lifts_it(olga: Client, db: None) -> None:
    campaign = make_campaign(name="Spring tea")
    address = at("campaign_emergency")
    assert "Everything goes on as usual." in text(olga.get(address))
    assert "The emergency stop is on" not in text(olga.get("/admin/"))

    forgot = text(olga.post(address, {"turn": "stop"}, follow=True))
    assert "tick the box" in forgot
    campaign.refresh_from_db()
    assert campaign.stopped_at is None

    stopped = text(olga.post(address, {"turn": "stop", "sure": "on"}, follow=True))
    assert "The emergency stop is on" in stopped
    campaign.refresh_from_db()
    assert campaign.stopped_at is not None
    front = text(olga.get("/admin/"))
    assert "The emergency stop is on since" in front
    assert "stopped" in text(olga.get(at("campaign_changelist")))
    assert LogEntry.objects.get().change_message == "Emergency stop"

    olga.post(address, {"turn": "lift", "sure": "on"})
    campaign.refresh_from_db()
    assert campaign.stopped_at is None
    assert "Nothing was changed." in text(olga.post(address, {"turn": "x"}, follow=True))


def test_a_campaign_published_since_can_be_stopped_too(olga: Client, db: None) -> None:
    make_campaign()
    emergency_stop(now=now())
    make_campaign()
    page = olga.get(at("campaign_emergency"))
    assert "1 published since goes on" in text(page)
    assert 'value="stop"' in page.content.decode()


def test_pages_are_for_whoever_may(client: Client, db: None) -> None:
    nora = User.objects.create_user("nora", is_staff=True)
    client.force_login(nora)
    campaign = make_campaign()
    turn = at("campaign_turn", "end") + f"?campaign={campaign.pk}"
    reading = [at(f"campaign_{page}", campaign.pk) for page in ("compliance", "money")]
    writing = [at("campaign_emergency"), turn, at("campaign_copy", campaign.pk)]
    for address in (*reading, *writing):
        assert client.get(address).status_code == 403, address
    nora.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    for address in reading:
        assert client.get(address).status_code == 200, address
        assert client.post(address, {"amount_minor": 1, "reason": "x"}).status_code == 403, address
    for address in writing:
        assert client.post(address).status_code == 403, address


# Lists of members


@pytest.fixture
def regulars(db: None) -> Audience:
    for name in ("ann", "bob"):
        make_member(name)
    return audience_create(name="Regulars")


def test_olga_uploads_members(olga: Client, regulars: Audience) -> None:
    address = at("audience_members", regulars.pk)
    assert olga.get(address).status_code == 200
    file = io.BytesIO('\ufeffexternal_id,since\nann,2020\n"bob",2021\nzed,2022\n'.encode())
    file.name = "regulars.csv"
    said = text(olga.post(address, {"do": "add", "file": file}))
    assert "2 put on the list, 0 were on it already, 1 unknown." in said
    assert "zed" in said
    off = text(olga.post(address, {"do": "remove", "pasted": "ann\r\n\r\nzed\r\n"}))
    assert "1 taken off the list" in off
    assert regulars.entries.get().member.identities.get().value == "bob"
    assert text(olga.get(at("audience_changelist"))).count("Regulars")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose a file, or paste some ids."),
        ({"pasted": "x" * 129}, "too long for an id"),
        ({"file": b"\xff\xfe\x00"}, "no text in UTF-8"),
        ({"do": "shuffle", "pasted": "ann"}, "Select a valid choice"),
    ],
)
def test_an_upload_that_cannot_be_read(
    olga: Client, regulars: Audience, given: dict[str, Any], words: str
) -> None:
    if "file" in given:
        given = {"file": io.BytesIO(given["file"])}
        given["file"].name = "x.csv"
    said = text(olga.post(at("audience_members", regulars.pk), {"do": "add", **given}))
    assert words in said
    assert not regulars.entries.exists()
