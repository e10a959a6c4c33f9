"""The published figures of the shared history, recounted."""

import pytest

from apps.demo import history
from tests.demo.data import CHAINS, needs_chains
from tests.demo.recount import recount

pytestmark = needs_chains


@pytest.mark.parametrize(
    ("limit", "published"),
    [
        (300, (202, 98, 17, 385, 192, 0.0417)),
        (None, (3000, 1500, 306, 3017, 1305, 0.3349)),
    ],
)
def test_the_published_figures(
    limit: int | None, published: tuple[int, int, int, int, int, float]
) -> None:
    found = recount(history.read(CHAINS).first(limit).groups)
    assert found.k is not None
    assert published == (
        found.completed,
        found.failed,
        found.refunded,
        found.participants,
        found.referred,
        round(found.k, 4),
    )


def test_the_chains_are_four_deep() -> None:
    assert recount(history.read(CHAINS).groups).deepest == 4
