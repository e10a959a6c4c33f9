"""History comes in once, without rewards, and every refused line says why."""

import datetime as dt
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import transaction

from apps.campaigns.models import Campaign
from apps.core.models import Event
from apps.imports.rules import FileUnreadable
from apps.imports.services import Refused
from apps.invites.models import Act, Participant
from apps.members.models import Identity, Member
from apps.members.selectors import member_by_external_id
from apps.points.selectors import wallet
from apps.tiers.selectors import tier_of
from tests.imports.makers import bring, command, counts
from tests.makers import make_campaign, make_member, now
from tests.tiers.makers import make_ladder

pytestmark = pytest.mark.django_db


def member(name: str) -> Member:
    return member_by_external_id(name, is_test=False)


MEMBERS = """external_id,nickname,first_order_at,phone_sha256,openid,openid_app_id,unionid
ann,Ann,2024-03-01T10:00:00+08:00,,o-1,wx1,u-1
bob,Bob,2023-05-06,,,,
cleo,,,,,,
"""


def test_members_come_with_their_first_orders_and_identities() -> None:
    tally, refused = bring("members", MEMBERS)
    assert (counts(tally), refused) == ((3, 0, 0), [])
    ann = member("ann")
    assert ann.profile.nickname == "Ann"
    assert ann.first_order_at == dt.datetime(2024, 3, 1, 2, tzinfo=dt.UTC)
    assert member("bob").first_order_at == dt.datetime(2023, 5, 6, tzinfo=dt.UTC)
    assert set(Identity.objects.filter(member=ann).values_list("kind", "namespace", "value")) == {
        ("external_id", "", "ann"),
        ("openid", "wx1", "o-1"),
        ("unionid", "", "u-1"),
    }
    assert Event.objects.count() == 0


def test_twice_changes_nothing_and_never_overwrites_what_is_known() -> None:
    bring("members", MEMBERS)
    ann = member("ann")
    ann.profile.nickname = "Annie"
    ann.profile.save()
    tally, _ = bring("members", MEMBERS)
    assert counts(tally) == (0, 3, 0)
    assert member("ann").profile.nickname == "Annie"
    tally, _ = bring("members", "external_id,nickname\nann,Other\ncleo,Cleo\n")
    assert counts(tally) == (1, 1, 0)
    assert member("cleo").profile.nickname == "Cleo"


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (",Ann,,,,,", "external_id"),
        ("x" * 129 + ",,,,,,", "external_id"),
        ("ann," + "x" * 65 + ",,,,,", "nickname"),
        ("ann,,soon,,,,", "first_order_at"),
        ("ann,,2999-01-01,,,,", "first_order_at"),
        ("ann,,0001-01-01T00:00:00+14:00,,,,", "first_order_at"),
        ("ann,,,12345,,,", "phone_sha256"),
        ("ann,,,,o-1,,", "openid_app_id"),
        ("ann,,,,,wx1,", "openid"),
        ("ann,A\0,,,,,", "nickname"),
        ("ann,A\ufffd,,,,,", "nickname"),
        ("ann,Ann", ""),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_alone(cells: str, field: str) -> None:
    header = MEMBERS.splitlines()[0]
    tally, refused = bring("members", f"{header}\n{cells}\nbob,,,,,,\n")
    assert counts(tally) == (1, 0, 1)
    assert [(row.line, row.field) for row in refused] == [(2, field)]
    assert member("bob")


def test_identities_of_two_members_are_refused() -> None:
    text = "external_id,unionid\nann,u-1\nbob,u-1\n"
    tally, refused = bring("members", text)
    assert counts(tally) == (1, 0, 1)
    assert "another external_id" in refused[0].reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks “external_id”"),
        ("name\nann\n", "lacks “external_id”"),
        ("external_id,surname\nann,x\n", "Unknown column “surname”"),
        ("external_id,nickname,nickname\n", "“nickname” is there twice"),
        ('external_id\nann\n"bob\n', "Line 3"),
    ],
)
def test_a_file_that_cannot_be_meant_says_why(text: str, words: str) -> None:
    with pytest.raises(FileUnreadable, match=words):
        bring("members", text)


BALANCES = """external_id,points,expires_at,import_id
ann,500,2100-01-01,
ann,20,,a
ann,20,,b
bob,7,,
"""


def test_balances_come_with_their_expiry_and_only_once() -> None:
    ann, bob = make_member("ann"), make_member("bob")
    assert counts(bring("balances", BALANCES)[0]) == (4, 0, 0)
    assert (wallet(ann.pk).available, wallet(bob.pk).available) == (540, 7)
    assert counts(bring("balances", BALANCES)[0]) == (0, 4, 0)
    assert wallet(ann.pk).available == 540
    assert not Event.objects.exclude(kind__startswith="points.").exists()


def test_refused_balances() -> None:
    make_member("ann")
    rows = ["zoe,5,,", "ann,0,,", "ann,-5,,", "ann,1e3,,", "ann,٣,,", "ann,5,2001-01-01,"]
    rows += ["ann,9,,same", "ann,8,,same", f"ann,{10**13},,"]
    text = "\n".join(["external_id,points,expires_at,import_id", *rows])
    tally, refused = bring("balances", text)
    assert counts(tally) == (1, 0, 8)
    assert [(row.line, row.field) for row in refused] == [
        (2, "external_id"),
        *((line, "points") for line in (3, 4, 5, 6)),
        (7, "expires_at"),
        (9, ""),
        (10, "points"),
    ]


def test_tiers_come_without_an_arrival() -> None:
    make_ladder()
    ann, bob = make_member("ann"), make_member("bob")
    text = "external_id,tier,until\nann,gold,2100-01-01\nbob,opal,\nbob,silver,2001-01-01\n"
    tally, refused = bring("tiers", text)
    assert counts(tally) == (1, 0, 2)
    assert [(row.line, row.field) for row in refused] == [(3, "tier"), (4, "until")]
    assert (tier_of(ann.pk), tier_of(bob.pk)) == ("gold", "")
    assert counts(bring("tiers", text)[0]) == (0, 1, 2)
    assert Event.objects.count() == 0


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


def brought(campaign: Campaign) -> dict[str, tuple[str | None, int]]:
    """Each participant's referrer and generation, by the shop's ids."""
    known = dict(Identity.objects.filter(kind="external_id").values_list("member_id", "value"))
    rows = Participant.objects.filter(campaign=campaign).select_related("referrer")
    return {
        known[row.member_id]: (row.referrer and known[row.referrer.member_id], row.generation)
        for row in rows
    }


def test_referrers_come_in_any_order_of_lines(campaign: Campaign) -> None:
    for name in ("ann", "bob", "cleo", "dave"):
        make_member(name)
    before = Event.objects.count()
    text = "external_id,referrer_external_id,joined_at\ndave,cleo,\ncleo,bob,2024-01-01\nbob,ann,\n"
    tally, refused = bring("referrers", text, campaign=campaign)
    assert (counts(tally), refused) == ((3, 0, 0), [])
    assert brought(campaign) == {
        "ann": (None, 0),
        "bob": ("ann", 1),
        "cleo": ("bob", 2),
        "dave": ("cleo", 3),
    }
    rows = {row.member_id: row for row in Participant.objects.all()}
    assert {row.status for row in rows.values()} == {"confirmed"}
    assert rows[member("cleo").pk].joined_at.year == 2024
    assert {row.root_id for row in rows.values()} == {None, rows[member("ann").pk].pk}
    assert (Event.objects.count(), Act.objects.count()) == (before, 0)
    assert counts(bring("referrers", text, campaign=campaign)[0]) == (0, 3, 0)


def test_refused_referrers_say_why(campaign: Campaign, invariants_hold) -> None:
    for name in ("ann", "bob", "cleo", "dave", "eve"):
        make_member(name)
    text = """external_id,referrer_external_id
ann,ann
bob,cleo
cleo,bob
dave,bob
eve,ann
eve,
zoe,ann
"""
    tally, refused = bring("referrers", text, campaign=campaign)
    by_line = {row.line: row.reason for row in refused}
    assert counts(tally) == (0, 0, 7)
    assert "brings themselves" in by_line[2]
    assert all("circle" in by_line[line] for line in (3, 4, 5))
    assert "own line was refused" in by_line[6]
    assert "names another referrer" in by_line[7]
    assert "zoe" in by_line[8]
    assert brought(campaign) == {}
    invariants_hold()


def test_who_is_a_participant_already_keeps_their_referrer(campaign: Campaign) -> None:
    for name in ("ann", "bob", "cleo"):
        make_member(name)
    bring("referrers", "external_id,referrer_external_id\nbob,ann\n", campaign=campaign)
    other = "external_id,referrer_external_id\nbob,cleo\n"
    tally, refused = bring("referrers", other, campaign=campaign)
    assert counts(tally) == (0, 0, 1)
    assert "participant already" in refused[0].reason
    assert brought(campaign)["bob"] == ("ann", 1)


def test_test_members_do_not_come_into_a_live_campaign(campaign: Campaign) -> None:
    make_member("ann")
    make_member("ada", is_test=True)
    text = "external_id,referrer_external_id\nann,ada\n"
    _, refused = bring("referrers", text, campaign=campaign)
    assert refused == [
        Refused(2, "referrer_external_id", "There is no member with the external_id “ada”.")
    ]


def test_old_referrers_in_a_long_chain(campaign: Campaign) -> None:
    names = [f"m{number}" for number in range(300)]
    for name in names:
        make_member(name)
    lines = [f"{below},{above}" for above, below in zip(names, names[1:], strict=False)]
    text = "\n".join(["external_id,referrer_external_id", *reversed(lines)])
    assert counts(bring("referrers", text, campaign=campaign)[0]) == (299, 0, 0)
    assert brought(campaign)["m299"] == ("m298", 299)


@pytest.mark.parametrize("kind", ["members", "balances", "tiers", "referrers"])
def test_a_dry_run_reports_and_changes_nothing(kind: str, campaign: Campaign) -> None:
    make_ladder()
    make_member("ann")
    texts = {
        "members": "external_id,nickname\nbob,Bob\n,x\n",
        "balances": "external_id,points\nann,5\nzoe,5\n",
        "tiers": "external_id,tier\nann,gold\nzoe,gold\n",
        "referrers": "external_id,referrer_external_id\nann,\nzoe,ann\n",
    }
    given = {"campaign": campaign} if kind == "referrers" else {}
    before = Member.objects.count(), Participant.objects.count(), wallet(member("ann").pk)
    with transaction.atomic():
        tally, refused = bring(kind, texts[kind], dry_run=True, **given)
    assert counts(tally) == (1, 0, 1)
    assert [row.line for row in refused] == [3]
    assert (Member.objects.count(), Participant.objects.count(), wallet(member("ann").pk)) == before
    assert tier_of(member("ann").pk) == ""


def test_the_command_writes_a_report_that_no_spreadsheet_runs(tmp_path: Path) -> None:
    make_ladder()
    file = tmp_path / "tiers.csv"
    file.write_text("external_id,tier\n=cmd(),gold\n", encoding="utf-8-sig")
    said = command(file, "tiers")
    assert said.startswith("0 brought in, 0 known already, 1 refused.")
    report = (tmp_path / "tiers.csv.refused.csv").read_text().splitlines()
    assert report[0] == "line,field,reason"
    assert report[1].startswith("2,external_id,")


def test_the_command_leaves_no_report_when_all_is_well(tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_bytes(MEMBERS.encode("utf-8-sig"))
    assert command(file, "members", "--dry-run").startswith("3 would be brought in")
    assert Member.objects.count() == 0
    assert command(file, "members") == "3 brought in, 0 known already, 0 refused.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["members.csv"]


def test_the_command_says_plainly_what_is_missing(tmp_path: Path, campaign: Campaign) -> None:
    file = tmp_path / "file.csv"
    with pytest.raises(CommandError, match="There is no file"):
        command(file, "members")
    file.write_text("name\n")
    with pytest.raises(CommandError, match="lacks “external_id”"):
        command(file, "members")
    with pytest.raises(CommandError, match="--campaign goes with"):
        command(file, "referrers")
    with pytest.raises(CommandError, match="no campaign"):
        command(file, "referrers", "--campaign", "cmp_x")


def test_a_file_that_is_no_text_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_bytes(b"external_id,nickname\nann,\xff\xfe\nbob,Bob\n")
    assert command(file, "members").startswith("1 brought in, 0 known already, 1 refused.")


def test_now_is_now() -> None:
    text = f"external_id,first_order_at\nann,{(now() + dt.timedelta(hours=1)).isoformat()}\n"
    assert counts(bring("members", text)[0]) == (0, 0, 1)
