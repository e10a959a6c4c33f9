"""A file of links: read line by line, made as a whole or not at all."""

import io
from typing import Any

import pytest

from apps.invites.models import Link, Participant
from apps.invites.rules.bulk import MOST_LINES, FileUnreadable, link_lines
from apps.invites.services import Made, links_create
from tests.makers import make_campaign, make_member, now

HEADER = "external_id,code,label,kind,reference,channel,starts_at,expires_at,max_opens,afterwards"


def bring(text: str, campaign: Any, *, dry_run: bool = False) -> Made:
    lines = list(link_lines(io.StringIO(text, newline="")))
    return links_create(campaign=campaign, lines=lines, now=now(), dry_run=dry_run)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "lacks “external_id”"),
        ("code,label\n", "lacks “external_id”"),
        ("external_id,colour\n", "Unknown column “colour”"),
        ("external_id,code,code\n", "twice"),
        ('external_id\n"ann', "Line 2"),
        ("external_id\n" + "ann\n" * (MOST_LINES + 1), "At most 1,000"),
    ],
)
def test_a_file_that_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(FileUnreadable, match=says):
        list(link_lines(io.StringIO(text, newline="")))


def test_links_of_partners(db: None) -> None:
    make_member("kol"), make_member("store-1")
    made = bring(
        f"{HEADER}\n"
        "kol,kol-tea,Winter,partner,,video,,2030-01-01,100,shop\n"
        "\n"
        "store-1,,南京西路,store,№1,,,,,\n",
        make_campaign(),
    )
    assert (len(made.links), made.unchanged, made.refused) == (2, 0, [])
    kol, store = Link.objects.order_by("pk")
    assert (kol.code, kol.kind, kol.channel, kol.max_opens) == ("kol-tea", "partner", "video", 100)
    assert (kol.afterwards, kol.is_default) == ("shop", False)
    assert (store.label, store.kind, store.reference) == ("南京西路", "store", "№1")
    assert len(store.code) == 14
    assert Participant.objects.count() == 2


def test_one_line_refused_and_nothing_is_made(db: None) -> None:
    make_member("kol"), make_member("ann")
    made = bring(
        f"{HEADER}\n"
        "kol,kol-tea,,,,,,,,\n"
        "nobody,,,,,,,,,\n"
        "ann,kol-tea,,,,,,,,\n"
        "ann,ADMIN,,,,,,,,\n"
        "ann,,,shop,,,,,,\n"
        "ann,,,,,,someday,,,\n"
        "ann,,,,,,,2001-01-01,,\n"
        "ann,,,,,,,,-1,\n"
        "ann,,,,,,,,,never\n"
        "ann,,bad\x07bell,,,,,,,\n"
        ",,,,,,,,,x\n"
        "ann,short\n",
        make_campaign(),
    )
    assert made.links == []
    assert [(row.line, row.column) for row in made.refused] == [
        (3, "external_id"),
        (4, "code"),
        (5, "code"),
        (6, "kind"),
        (7, "starts_at"),
        (8, "expires_at"),
        (9, "max_opens"),
        (10, "afterwards"),
        (11, "label"),
        (12, "external_id"),
        (13, ""),
    ]
    assert "Another link has this code" in made.refused[1].reason
    assert not Link.objects.exists()
    assert not Participant.objects.exists()  # nothing half done


def test_the_same_file_again_makes_nothing_more(db: None) -> None:
    campaign = make_campaign()
    make_member("kol")
    text = "external_id,label,code\nkol,Winter,\nkol,Summer,kol-tea\n"
    assert len(bring(text, campaign).links) == 2
    again = bring(text, campaign)
    assert (again.links, again.unchanged, again.refused) == ([], 2, [])
    Link.objects.filter(label="Winter").update(revoked_at=now())
    assert len(bring(text, campaign).links) == 1  # a revoked link is none


def test_only_looking_changes_nothing(db: None) -> None:
    make_member("kol")
    made = bring("external_id\nkol\n", make_campaign(), dry_run=True)
    assert len(made.links) == 1
    assert not Link.objects.exists()
    assert not Participant.objects.exists()


def test_a_member_of_the_other_mode_is_unknown(db: None) -> None:
    make_member("kol", is_test=True)
    made = bring("external_id\nkol\n", make_campaign())
    assert [row.column for row in made.refused] == ["external_id"]
