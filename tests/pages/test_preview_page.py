"""What would happen and what would have happened, as olga asks it in the admin."""

import json
from collections.abc import Callable

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join
from tests.makers import make_campaign, make_member, now

BUYER = Beneficiary.MEMBER


def page_of(campaign: Campaign, name: str) -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])


def read(olga: Client, campaign: Campaign, name: str, **asked: object) -> str:
    answer = olga.get(page_of(campaign, name), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_would_happen_in_words(olga: Client) -> None:
    campaign = make_campaign(
        (Trigger.ORDER_PAID, BUYER, {"name": "Thanks", "points": 25, "cap_per_member": 3}),
        (Trigger.ORDER_PAID, Beneficiary.REFERRER, {"min_order_minor": 9000}),
        budget_minor=1000,
    )
    empty = read(olga, campaign, "what_would_happen")
    assert "Suppose…" in empty
    page = read(
        olga, campaign, "what_would_happen", by="draft", trigger="order_paid", amount_minor=5000
    )
    for words in ("25 points", "Costs ¥0.25", "0 of 3 per member", "below the minimum", "¥9.75"):
        assert words in page


def test_a_form_that_is_not_complete_says_so(olga: Client) -> None:
    campaign = make_campaign()
    page = read(olga, campaign, "what_would_happen", by="draft", trigger="order_paid")
    assert "Say what was paid." in page
    page = read(olga, campaign, "what_would_happen", by="draft", trigger="joined", member="nobody")
    assert "There is no member" in page


def test_an_unpublished_campaign_has_only_a_draft(olga: Client) -> None:
    campaign = make_campaign(published=False)
    for name, asked in (
        ("what_would_happen", {"trigger": "joined"}),
        ("replay", {"days": "30"}),
    ):
        assert "no published policies yet" in read(olga, campaign, name, by="published", **asked)


def test_a_replay_as_a_page_and_as_lines(olga: Client, drain: Callable[[], None]) -> None:
    campaign = make_campaign((Trigger.JOINED, BUYER, {"name": "Welcome"}))
    for name in ("ann", "bob"):
        member = make_member(name)
        campaign_join(campaign=campaign, member_id=member.pk, brought=Brought(), now=now())
    drain()
    campaign.policies.update(points=30)
    page = read(olga, campaign, "replay", by="draft", days=30)
    for words in ("¥0.60", "really ¥0.20", "10 points", "30 points", "Nobody loses."):
        assert words in page
    asked = {"by": "draft", "days": 30, "stream": 1}
    streamed = olga.get(page_of(campaign, "replay"), asked)
    assert streamed["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in streamed.getvalue().decode().splitlines()]
    assert lines[:-1] == [{"done": 0, "total": 2}, {"done": 2, "total": 2}]
    assert "¥0.60" in lines[-1]["html"]
    assert "Between" not in page
    assert "less than or equal to 366" in read(olga, campaign, "replay", by="draft", days=9999)


def test_the_campaign_leads_to_both_pages(olga: Client) -> None:
    campaign = make_campaign()
    change = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    page = olga.get(change).content.decode()
    for name in ("what_would_happen", "replay"):
        assert page_of(campaign, name) in page
    for wrong in ("999999", "abc", "9" * 30):
        answer = olga.get(f"/admin/campaigns/campaign/{wrong}/replay", follow=True)
        assert answer.status_code == 404


def test_only_who_may_see_the_campaign(client: Client, db: None) -> None:
    campaign = make_campaign()
    otto = User.objects.create_user("otto", is_staff=True)
    client.force_login(otto)
    for name in ("what_would_happen", "replay"):
        assert client.get(page_of(campaign, name)).status_code == 403
    otto.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    for name in ("what_would_happen", "replay"):
        assert client.get(page_of(campaign, name)).status_code == 200
