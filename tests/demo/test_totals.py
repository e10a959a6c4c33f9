"""The demo's last line."""

import json

import pytest

from apps.demo.stage import Operator, Showcase, Stage
from apps.demo.totals import Totals


@pytest.mark.parametrize(("k", "shown"), [(8 / 192, "0.0417"), (None, "null"), (0.0, "0.0000")])
def test_the_last_line_and_its_keys(k: float | None, shown: str) -> None:
    report = {
        "people": {"participants": 385, "referred": 192},
        "rooms": {"completed": 202, "failed": 98, "refunded": 17},
        "rewards": {"points_settled": 30_000},
        "k": {"naive": k},
    }
    totals = Totals.of_report(report)
    assert totals.line(61.26) == (
        "main job: ok groups=300 completed=202 failed=98 participants=385 referred=192 refunded=17"
        f" points_settled=30000 K={shown} in 61.3s"
    )
    kept = json.loads(json.dumps(totals.as_json(61.26)))
    assert kept["K"] == k
    assert kept["groups"] == 300


def test_a_stage_travels_as_json() -> None:
    stage = Stage(
        server_key="sk_live_1",
        webhook_secret="whsec_1",
        operator=Operator("olga", None),
        campaign="cmp_1",
        offers={2: "off_1", 3: "off_2"},
        failing_offer="off_3",
        showcase=Showcase("cmp_2", "off_4"),
        sku="tea",
        currency="CNY",
    )
    assert Stage.from_json(stage.to_json()) == stage
