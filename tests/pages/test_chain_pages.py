"""olga asks who brought somebody and why, decides otherwise, and looks how far links come."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.invites.models import CouponLink, Link, Override, Participant
from apps.invites.rules import Opening
from apps.invites.selectors import Brought, visit_token
from apps.invites.services import campaign_join, campaign_link, share_record, visit_record
from tests.flows.test_sources import codes_of, make_template
from tests.makers import make_campaign, make_member, now
from tests.pages.test_why_page import buy, operator

FUNNEL = "/admin/invites/share/funnel"
WHY = "She showed us the chat."


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign(
        (Trigger.ORDER_PAID, Beneficiary.REFERRER, {"hold_seconds": 86_400}), name="Spring"
    )


def link_of(campaign: Campaign, name: str) -> Link:
    member = make_member(name)
    return campaign_link(campaign=campaign, member_id=member.pk, brought=Brought(), now=now())[0]


def join(campaign: Campaign, name: str, brought: Brought | None = None) -> Participant:
    return campaign_join(
        campaign=campaign, member_id=make_member(name).pk, brought=brought or Brought(), now=now()
    )[0]


def opened(link: Link) -> Brought:
    visit = visit_record(link=link, opening=Opening("GET", "", is_bot=False), channel="chat")
    return Brought(visit_token=visit_token(visit))


@pytest.fixture
def bob(campaign: Campaign) -> Participant:
    """Bob typed ann's code, and had opened cleo's link."""
    said = opened(link_of(campaign, "cleo"))
    code = link_of(campaign, "ann").code
    return join(campaign, "bob", Brought(code=code, visit_token=said.visit_token))


def page(client: Client, name: str, participant: Participant, status: int = 200) -> str:
    answer = client.get(reverse(f"admin:invites_participant_{name}", args=[participant.pk]))
    assert answer.status_code == status
    return answer.content.decode()


def test_why_him_in_words(olga: Client, bob: Participant) -> None:
    text = page(olga, "who_brought_them", bob)
    assert "ann brought bob." in text
    assert "typed the code" in text
    assert "by chat" in text
    assert "Lost: there was something stronger." in text
    assert "Fixed since" in text
    assert "Decide otherwise" in text


def test_a_seed_of_whom_nothing_was_told(olga: Client, campaign: Campaign) -> None:
    assert "so nothing had to be decided" in page(olga, "who_brought_them", join(campaign, "dora"))


def test_olga_decides_otherwise(olga: Client, bob: Participant, drain: Callable[[], None]) -> None:
    buy("A-1", "bob")
    drain()
    form = page(olga, "override", bob)
    assert "1 grant) is taken back at once" in form
    address = reverse("admin:invites_participant_override", args=[bob.pk])
    cleo = Participant.objects.get(member__profile__nickname="cleo")
    answer = olga.post(address, {"whom": str(cleo.pk), "reason": WHY}, follow=True)
    text = answer.content.decode()
    assert "cleo brought bob." in text
    assert WHY in text
    assert "no link or code changes it" in text
    made = Override.objects.get()
    assert (made.overridden_by, made.reason) == (User.objects.get(username="admin"), WHY)
    listed = olga.get(reverse("admin:invites_override_changelist")).content.decode()
    assert WHY in listed


def test_somebody_else_is_found_by_the_shops_id_or_a_code(
    olga: Client, campaign: Campaign, bob: Participant
) -> None:
    address = reverse("admin:invites_participant_override", args=[bob.pk])
    join(campaign, "dora")
    lost = olga.post(address, {"whom": "else", "who_else": "nobody-we-know", "reason": WHY})
    assert "No participant of this campaign is known by this." in lost.content.decode()
    olga.post(address, {"whom": "else", "who_else": "dora", "reason": WHY})
    bob.refresh_from_db()
    assert bob.referrer is not None
    assert bob.referrer.member.profile.nickname == "dora"
    olga.post(address, {"whom": "else", "who_else": link_of(campaign, "cleo").code, "reason": WHY})
    bob.refresh_from_db()
    assert bob.referrer.member.profile.nickname == "cleo"
    olga.post(address, {"whom": "nobody", "reason": WHY})
    bob.refresh_from_db()
    assert bob.referrer is None


def test_what_is_final_says_so(olga: Client, campaign: Campaign, bob: Participant) -> None:
    join(campaign, "dora", Brought(link_of(campaign, "bob").code))
    assert "the chain below hangs on it" in page(olga, "override", bob)
    address = reverse("admin:invites_participant_override", args=[bob.pk])
    refused = olga.post(address, {"whom": "nobody", "reason": WHY}, follow=True)
    assert "They have brought others by now" in refused.content.decode()
    assert not Override.objects.exists()


def test_whoever_may_only_look_decides_nothing(bob: Participant) -> None:
    otto = operator("otto", only_look=True)
    assert "Decide otherwise" not in page(otto, "who_brought_them", bob)
    page(otto, "override", bob, status=403)
    stranger = operator("stranger", only_look=True)
    User.objects.get(username="stranger").user_permissions.clear()
    page(stranger, "who_brought_them", bob, status=403)
    page(stranger, "whom_they_brought", bob, status=403)


def test_the_friends_with_what_hangs_below_them(
    olga: Client, campaign: Campaign, bob: Participant
) -> None:
    for n in range(27):
        join(campaign, f"friend-{n}", Brought(link_of(campaign, "bob").code))
    deep = join(campaign, "deep", Brought(link_of(campaign, "friend-3").code))
    first = page(olga, "whom_they_brought", bob)
    assert "friend-26" in first
    assert "friend-1<" not in first
    older = first.split('href="?before=')[1].split('"')[0]
    address = reverse("admin:invites_participant_whom_they_brought", args=[bob.pk])
    second = olga.get(address, {"before": older}).content.decode()
    assert "friend-1<" in second
    assert "friend-26" not in second
    above = page(olga, "whom_they_brought", deep)
    assert above.index(">ann<") < above.index(">bob<") < above.index(">friend-3<")
    for odd in ("x", "9" * 40, "-1"):
        assert olga.get(address, {"before": odd}).status_code == 200


@pytest.mark.parametrize("name", ["who_brought_them", "whom_they_brought", "override"])
def test_nobody_there(olga: Client, db: None, name: str) -> None:
    for pk in ("0", "abc", "9" * 30):
        address = reverse(f"admin:invites_participant_{name}", args=[pk])
        assert olga.get(address).status_code == 404


def test_the_funnel_page(olga: Client, campaign: Campaign) -> None:
    assert "Choose a campaign." in olga.get(FUNNEL, follow=True).content.decode()
    link = link_of(campaign, "ann")
    share_record(code=link.code, member_id=link.participant.member_id, channel="moments")
    join(campaign, "bob", opened(link))
    for by, row in (("channel", "moments"), ("link", link.code), ("participant", ">ann<")):
        shown = olga.get(FUNNEL, {"campaign": campaign.pk, "by": by}, follow=True)
        assert row in shown.content.decode()
    funnel = olga.get(FUNNEL, {"campaign": campaign.pk}, follow=True).context
    assert [(step["count"], step["share"]) for step in funnel["steps"][:3]] == [
        (1, ""),
        (1, "100.0"),
        (1, "100.0"),
    ]
    join(campaign, "carl", Brought(link.code))  # who opened nothing: more came than opened it
    funnel = olga.get(FUNNEL, {"campaign": campaign.pk}, follow=True).context
    assert [(step["count"], step["share"]) for step in funnel["steps"][1:3]] == [
        (1, "100.0"),
        (2, ""),
    ]
    menu = [entry for group in funnel["sidebar_navigation"] for entry in group["items"]]
    assert [entry["title"] for entry in menu if entry["active"]] == ["How far links come"]
    odd = olga.get(FUNNEL, {"campaign": "x", "by": "weather"}, follow=True)
    assert odd.status_code == 200


def test_olga_lets_a_partners_codes_bring_people(olga: Client, campaign: Campaign) -> None:
    link, other = link_of(campaign, "ann"), link_of(campaign, "cleo")
    template = make_template()
    batch, _ = codes_of(template)
    address = reverse("admin:invites_couponlink_add")
    assert olga.get(address).status_code == 200
    given = {"link": link.code, "template": "", "batch": batch.public_id}
    assert olga.post(address, given).status_code == 302
    assert CouponLink.objects.get().batch == batch
    assert olga.post(address, given).status_code == 302  # again changes nothing
    refused = olga.post(address, {**given, "link": other.code}).content.decode()
    assert "bring people to another link of this campaign already" in refused
    lost = olga.post(address, {"link": "nosuch", "batch": "bat_nosuch"}).content.decode()
    assert "There is no link with this code." in lost
    assert "There is no batch with this id." in lost
    both = olga.post(address, {**given, "template": template.pk}).content.decode()
    assert "Choose a template, or one of its batches." in both
    assert CouponLink.objects.count() == 1
    assert olga.get(reverse("admin:invites_couponlink_changelist")).status_code == 200


def test_the_statement_of_a_partner(
    olga: Client, campaign: Campaign, bob: Participant, drain: Callable[[], None]
) -> None:
    buy("A-1", "bob")
    drain()
    ann = bob.referrer
    assert ann is not None
    text = page(olga, "statement", ann)
    assert "10 still waits" in text
    assert link_of(campaign, "ann").code in text
    assert "kept of 1 order<" in text
    address = reverse("admin:invites_participant_statement", args=[ann.pk])
    lines = olga.get(address, {"export": "grants"}).getvalue().decode().splitlines()
    assert lines[0].startswith("grant,granted_at,about,as,kind,what,amount")
    assert ",referrer,points,,10,," in lines[1]
    links = olga.get(address, {"export": "links"}).getvalue().decode().splitlines()
    assert links == [
        "link,intents,visits,brought,confirmed,buyers,orders,kept_minor",
        f"{link_of(campaign, 'ann').code},0,0,1,1,1,1,1000",
    ]
    assert "nothing" in page(olga, "statement", bob)
