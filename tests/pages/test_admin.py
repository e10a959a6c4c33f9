"""Every table of the admin opens, facts cannot be changed, and a form never puts old figures back."""

import re
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Budget, Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import budget_reserve, campaign_end
from apps.core.admin import FactAdmin
from apps.groupbuy.models import Offer, OfferItem, Room
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join
from apps.rewards.models import Decision
from tests.makers import make_campaign, make_member, make_offer, now
from tests.pages.makers import make_room

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def page_of(model: type[Model], page: str, *args: int) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_table_opens(olga: Client, drain: Callable[[], None]) -> None:
    make_room("ann", "bob", held=("cleo",), size=3)
    drain()
    for model in MODELS:
        assert olga.get(page_of(model, "changelist")).status_code == 200, model
        row = model._default_manager.first()
        if row is not None:
            assert olga.get(page_of(model, "change", row.pk)).status_code == 200, model


def test_a_decision_explains_itself(olga: Client, drain: Callable[[], None]) -> None:
    terms = {"name": "Thanks for the friend"}
    campaign = make_campaign((Trigger.JOINED, Beneficiary.REFERRER, terms))
    campaign_join(campaign=campaign, member_id=make_member().pk, brought=Brought(), now=now())
    drain()
    page = olga.get(page_of(Decision, "change", Decision.objects.get().pk)).content.decode()
    assert "Thanks for the friend: nothing (the referrer). Nobody stands in this place" in page


def test_facts_are_read_only(olga: Client) -> None:
    room = make_room("ann")
    assert olga.post(page_of(Room, "change", room.pk), {"size": 9}).status_code == 403
    assert olga.get(page_of(Room, "add")).status_code == 403
    assert olga.post(page_of(Room, "delete", room.pk), {"post": "yes"}).status_code == 403


def test_every_table_is_in_the_menu(olga: Client) -> None:
    page = olga.get("/admin/").content.decode()
    ours = [model for model in MODELS if isinstance(admin.site._registry[model], FactAdmin)]
    assert [model for model in ours if f'href="{page_of(model, "changelist")}"' not in page] == []


def campaign_form(campaign: Campaign, **changed: object) -> dict[str, object]:
    """What the browser sends when a published campaign is saved."""
    budget = campaign.budget
    return {
        "name": campaign.name,
        "starts_at_0": campaign.starts_at.strftime("%Y-%m-%d"),
        "starts_at_1": campaign.starts_at.strftime("%H:%M:%S"),
        "time_zone": "UTC",
        "cost_of_1000_points_minor": 1000,
        "enrolment": campaign.enrolment,
        "attribution": campaign.attribution,
        "attribution_window_0": 7,
        "keep_window_0": 7,
        "priority": 0,
        "levels": 1,
        "policies-TOTAL_FORMS": 0,
        "policies-INITIAL_FORMS": 0,
        "variants-TOTAL_FORMS": 0,
        "variants-INITIAL_FORMS": 0,
        "budget-TOTAL_FORMS": 1,
        "budget-INITIAL_FORMS": 1,
        "budget-0-id": budget.pk,
        "budget-0-campaign": campaign.pk,
        "budget-0-amount_minor": budget.amount_minor,
        **changed,
    }


def test_saving_a_budget_keeps_what_was_reserved_meanwhile(
    olga: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(budget_minor=1000)

    def clean(budget: Budget) -> None:
        # A grant comes in after the form was read and before it is saved.
        assert budget_reserve(campaign_id=campaign.pk, cost_minor=30)

    monkeypatch.setattr(Budget, "clean", clean)
    form = campaign_form(campaign, **{"budget-0-amount_minor": 5000})
    assert olga.post(page_of(Campaign, "change", campaign.pk), form).status_code == 302
    budget = Budget.objects.get()
    assert (budget.amount_minor, budget.reserved_minor) == (5000, 30)


def test_saving_a_campaign_keeps_its_status(olga: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign()
    monkeypatch.setattr(Campaign, "clean", lambda row: campaign_end(campaign_id=row.pk))
    form = campaign_form(campaign, name="Renamed", **{"budget-0-amount_minor": ""})
    assert olga.post(page_of(Campaign, "change", campaign.pk), form).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.name, campaign.status) == ("Renamed", Campaign.Status.ENDED)


def test_saving_an_offer_keeps_its_stock(olga: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    room = make_room("ann")
    item = OfferItem.objects.get()
    monkeypatch.setattr(
        OfferItem, "clean", lambda row: OfferItem.objects.filter(pk=row.pk).update(held=3)
    )
    form = {
        "title": "Black tea",
        "room_size": 4,
        "duration": "01:00:00",
        "hold_ttl": "00:10:00",
        "listing": "public",
        "at_deadline": "fail",
        "minimum_seats": 1,
        "overflow": "refund",
        "settlement": "refund",
        "host_discount_minor": 0,
        "cooldown_window": "1 00:00:00",
        "cooldown": "1 00:00:00",
        "items-TOTAL_FORMS": 1,
        "items-INITIAL_FORMS": 1,
        "items-0-id": item.pk,
        "items-0-offer": room.offer.pk,
        "items-0-sku": "tea",
        "items-0-name": "Tea",
        "items-0-single_price_minor": 6000,
        "items-0-group_price_minor": 4900,
        "items-0-stock": 1000,
    }
    assert olga.post(page_of(type(room.offer), "change", room.offer.pk), form).status_code == 302
    item.refresh_from_db()
    assert (item.single_price_minor, item.held, item.sold) == (6000, 3, 1)


def test_an_offers_id_is_shown_once_it_is_the_offers(olga: Client) -> None:
    assert "off_" not in olga.get(page_of(Offer, "add")).content.decode()
    offer = make_offer(make_campaign())
    assert offer.public_id in olga.get(page_of(Offer, "change", offer.pk)).content.decode()


def test_the_report_is_for_whoever_may_see_campaigns(db: None, client: Client) -> None:
    address = reverse("admin:campaigns_campaign_report", args=[make_campaign().pk])
    assert client.get(address).status_code == 302
    nora = User.objects.create_user("nora", is_staff=True)
    client.force_login(nora)
    assert client.get(address).status_code == 403
    nora.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    page = client.get(address).content.decode()
    assert "Does it spread by itself?" in page
    front = client.get("/admin/").content.decode()
    assert page_of(Campaign, "changelist") in front
    assert page_of(Room, "changelist") not in front


def test_the_report_of_no_campaign(olga: Client) -> None:
    assert olga.get(reverse("admin:campaigns_campaign_report", args=[0])).status_code == 404


def pages_of_a_row() -> list[str]:
    """The addresses of all pages of one row, of a row that cannot be there."""
    found = []
    for model, model_admin in admin.site._registry.items():
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for pattern in model_admin.get_urls():
            route = str(pattern.pattern)
            if "object_id" in route:
                found.append(base + re.sub(r"<[^>]*object_id>", "abc", route))
    return found


def test_no_page_of_a_row_that_cannot_be_there_is_an_error(olga: Client) -> None:
    olga.raise_request_exception = False
    pages = pages_of_a_row()
    assert len(pages) > 100
    assert {page for page in pages if olga.get(page).status_code >= 500} == set()
