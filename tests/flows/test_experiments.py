"""The shop asks how the variants of a campaign compare."""

from apps.campaigns.models import Variant
from apps.campaigns.services import campaign_publish
from tests.flows.client import Shop, accepted, assert_refused
from tests.makers import make_campaign, now


def test_no_decision_is_an_answer(shop: Shop) -> None:
    campaign = make_campaign(published=False)
    for key in ("a", "none"):
        Variant.objects.create(campaign=campaign, key=key, is_holdout=key == "none")
    campaign_publish(campaign_id=campaign.pk, now=now())
    partners = accepted(shop.post("/audiences", {"name": "KOLs", "of_partners": True}))
    lin, ann = shop.phone("lin"), shop.phone("ann")
    accepted(shop.post(f"/audiences/{partners['id']}/members", {"external_ids": ["lin"]}), 200)
    for phone in (lin, ann):
        accepted(phone.join(campaign.public_id))
    found = shop.get(f"/campaigns/{campaign.public_id}/experiment")
    [compared] = found["comparisons"]
    assert (compared["variant"], compared["control"]) == ("a", "none")
    assert compared["verdict"] == "no decision yet"
    assert compared["conversions_per_seed"]["reason"] == "too early"
    assert (found["undrawn_seeds"], found["crossed"], found["plan"]) == (1, 0, None)
    assert sum(row["waiting"] for row in found["variants"]) == 1
    assert_refused(shop.ask("GET", "/campaigns/cmp_no/experiment"), 404, "campaign_unknown")
