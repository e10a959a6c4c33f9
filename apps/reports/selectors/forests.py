"""The largest trees of a campaign: how many are in them, and their shapes."""

from dataclasses import dataclass

from django.db import connection

from apps.campaigns.models import Campaign
from apps.invites.models import Participant
from apps.reports.viral import trees
from apps.reports.viral.figures import Figure, Reason, absent

LARGEST = 5
# Beyond so many the shape of a tree is not read: the page must not grow with the campaign.
MOST_NODES = 20_000
DRAWN_NODES = 150


@dataclass(frozen=True)
class Seen:
    """A tree: its root, how many are in it (provisional ones too), its last generation, how far apart
    two of its members are on average, and the first of its nodes by the position of their parents."""

    root: Participant
    people: int
    depth: int
    virality: Figure
    parents: tuple[int, ...]


_LARGEST_SQL = """
SELECT coalesce(root_id, id), count(*), max(generation)
FROM invites_participant WHERE campaign_id = %s
GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT %s
"""


def largest_trees(campaign: Campaign) -> tuple[Seen, ...]:
    """The largest trees of more than one, the largest first. A query, and one for each of them."""
    with connection.cursor() as cursor:
        cursor.execute(_LARGEST_SQL, [campaign.pk, LARGEST])
        found = cursor.fetchall()
    rows = Participant.objects.select_related("member__profile")
    roots = rows.in_bulk([root for root, _, _ in found])
    return tuple(_seen(roots[root], people, depth) for root, people, depth in found)


def _seen(root: Participant, people: int, depth: int) -> Seen:
    below = Participant.objects.filter(campaign=root.campaign_id, root=root)
    pairs = below.order_by("generation", "pk").values_list("pk", "referrer_id")
    place = {root.pk: 0}
    parents = [trees.NO_PARENT]
    for pk, referrer in pairs[:MOST_NODES]:
        parents.append(place[referrer])
        place[pk] = len(place)
    if people > MOST_NODES:
        why = f"the tree has more than {MOST_NODES:,} members"
        virality = absent(Reason.NOT_APPLICABLE, why)
    else:
        virality = trees.structural_virality(trees.subtree_sizes(parents))
    return Seen(root, people, depth, virality, tuple(parents[:DRAWN_NODES]))
