"""The chain as it is read: deep ones, wide ones, and what a page of them costs."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.invites.selectors import Brought, forest
from apps.invites.services import campaign_join, campaign_link
from tests.makers import make_campaign, make_member, now

DEEP = 10_000

_MEMBERS = """
INSERT INTO members_member (public_id, is_test) SELECT 'mem_filled_' || n, false
FROM generate_series(1, %s) n RETURNING id
"""


def fill(campaign: Campaign, count: int, *, each: int = 1) -> list[int]:
    """So many participants by SQL, where each brought so many; their primary keys in turn.

    The generation is true of a line, and of a seed's friends.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, [count])
        members = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT nextval('invites_participant_id_seq')")
        first = cursor.fetchone()[0] + 1
        cursor.execute(
            """INSERT INTO invites_participant (id, public_id, campaign_id, member_id, referrer_id,
                    root_id, generation, version_id, variant, crossed, circumstances, status,
                    joined_at, confirmed_at)
                SELECT id, 'par_filled_' || n, %(campaign)s, member,
                       CASE WHEN n > 1 THEN %(first)s + (n - 2) / %(each)s END,
                       CASE WHEN n > 1 THEN %(first)s END,
                       CASE WHEN n = 1 THEN 0 WHEN %(each)s = 1 THEN n - 1 ELSE 1 END,
                       %(version)s, '', false, '{}', 'confirmed', now(), now()
                FROM (SELECT n, member, %(first)s + n - 1 AS id
                      FROM unnest(%(members)s::bigint[]) WITH ORDINALITY AS m (member, n)) row
                ORDER BY n""",
            {
                "first": first,
                "each": each,
                "campaign": campaign.pk,
                "version": campaign.published_version_id,
                "members": members,
            },
        )
        cursor.execute("SELECT setval('invites_participant_id_seq', %s)", [first + count])
        cursor.execute("ANALYZE invites_participant")
    return list(range(first, first + count))


def buffers(sql: str, values: Any) -> int:
    """How many pages of tables and indexes a statement looks at: its cost, whatever the machine."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", values)
        plan = cursor.fetchone()[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def below_costs(pk: int) -> int:
    return buffers(forest._BELOW, {"tops": [pk], "most": forest.MOST_COUNTED + 1})


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign()


def test_a_chain_ten_thousand_deep_binds_and_reads(campaign: Campaign) -> None:
    line = fill(campaign, DEEP)
    last = Participant.objects.select_related("campaign").get(pk=line[-1])
    link, _ = campaign_link(
        campaign=campaign, member_id=last.member_id, brought=Brought(), now=now()
    )
    bob = make_member("bob")
    joined, _ = campaign_join(
        campaign=campaign, member_id=bob.pk, brought=Brought(link.code), now=now()
    )
    assert (joined.generation, joined.root_id) == (DEEP, line[0])
    above = forest.ancestors(joined, most=DEEP + 1)
    assert [row.pk for row in above] == line[::-1]
    assert [row.pk for row in forest.ancestors(joined)] == line[: -forest.MOST_ABOVE - 1 : -1]
    top = forest.below([line[0]])[line[0]]
    assert (top.friends, top.everybody, top.depth) == (1, 500, 501)
    assert top.is_more
    near = forest.below([line[-100]])[line[-100]]
    assert near == forest.Below(friends=1, everybody=100, depth=100, is_more=False)


def test_a_page_costs_the_same_below_the_first_and_below_the_last(campaign: Campaign) -> None:
    """Counting stops, and every step of it asks an index: no plan walks the table."""
    line = fill(campaign, 20_000)
    costs = [below_costs(pk) for pk in (line[0], line[10_000])]
    assert max(costs) < 1.2 * min(costs)
    assert max(costs) < 5 * forest.MOST_COUNTED


def test_a_member_with_twenty_thousand_friends(campaign: Campaign) -> None:
    wide = fill(campaign, 20_001, each=20_000)
    top = Participant.objects.get(pk=wide[0])
    counted = forest.below([top.pk])[top.pk]
    assert counted == forest.Below(friends=500, everybody=500, depth=1, is_more=True)
    assert below_costs(top.pk) < 5 * forest.MOST_COUNTED
    page = forest.friends(top).order_by("-pk")[:50]
    sql, values = page.query.sql_with_params()
    assert [row.pk for row in page] == wide[:-51:-1]
    assert buffers(sql, values) < 200


def test_a_level_is_one_way_down_the_index(
    campaign: Campaign, django_assert_num_queries: Callable[..., Any]
) -> None:
    """However many stand on it: below somebody with a hundred friends there are three to walk."""
    if connection.connection.info.server_version < 170_000:
        pytest.skip("PostgreSQL 17 was the first to look for many keys in one go")
    tree = fill(campaign, 10_101, each=100)
    top = tree[1]
    assert forest.below([top]) == {top: forest.Below(100, 100, 1, is_more=False)}
    assert below_costs(top) < 20
    friend = Participant.objects.filter(referrer=top)[0]
    with django_assert_num_queries(1):
        above = [
            (row.pk, row.public_id, row.generation, row.status) for row in forest.ancestors(friend)
        ]
    assert above == [
        (tree[1], "par_filled_2", 1, "confirmed"),
        (tree[0], "par_filled_1", 0, "confirmed"),
    ]


def test_a_small_tree_is_counted_to_the_end(campaign: Campaign) -> None:
    names = iter("abcdefg")
    codes = {"": ""}
    members = {}
    for name, above in zip(names, ("", "a", "a", "b", "b", "c", "f"), strict=True):
        member = members[name] = make_member(name)
        campaign_join(
            campaign=campaign, member_id=member.pk, brought=Brought(codes[above]), now=now()
        )
        codes[name] = campaign_link(
            campaign=campaign, member_id=member.pk, brought=Brought(), now=now()
        )[0].code
    places = {name: Participant.objects.get(member=member) for name, member in members.items()}
    counted = forest.below(row.pk for row in places.values())
    assert {name: counted[row.pk] for name, row in places.items()} == {
        "a": forest.Below(2, 6, 3, False),
        "b": forest.Below(2, 2, 1, False),
        "c": forest.Below(1, 2, 2, False),
        "d": forest.Below(0, 0, 0, False),
        "e": forest.Below(0, 0, 0, False),
        "f": forest.Below(1, 1, 1, False),
        "g": forest.Below(0, 0, 0, False),
    }
    assert [row.pk for row in forest.ancestors(places["g"])] == [
        places[name].pk for name in ("f", "c", "a")
    ]


def test_nobody_asked_is_nobody_counted(
    db: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(0):
        assert forest.below(itertools.chain()) == {}
