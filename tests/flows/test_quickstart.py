"""docs/quickstart.sh, which newcomers run first, tells the whole story on a real engine."""

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest

from apps.campaigns.models import Campaign
from apps.campaigns.rules import Beneficiary, Trigger
from apps.groupbuy.models import Room
from apps.groupbuy.rules import RoomStatus
from apps.invites.models import Participant, Visit
from apps.orders.models import Order
from apps.points.selectors import Wallet, wallet
from tests.conftest import ROOT
from tests.flows.client import Shop
from tests.makers import make_campaign, make_offer

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="the quickstart needs curl")

SCRIPT = ROOT / "docs" / "quickstart.sh"
JOINED = (Trigger.JOINED, Beneficiary.MEMBER, {"points": 10})
INVITED = (Trigger.ORDER_PAID, Beneficiary.INVITER, {"points": 100})


def run(**environ: str) -> "subprocess.CompletedProcess[str]":
    """The script with this environment, waiting for no worker: none runs here."""
    given = {"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1", "QUICKSTART_WAIT": "0"}
    return subprocess.run(
        [SCRIPT], env={**given, **environ}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    return make_campaign(JOINED, INVITED, qualifying_act="room")


@pytest.mark.parametrize("size", [2, 3])
def test_the_quickstart(
    served: str, shop: Shop, campaign: Campaign, drain: Callable[[], None], size: int
) -> None:
    offer = make_offer(campaign, size=size)
    done = run(
        API=f"{served}/api/v1",
        SHOP_KEY=shop.token,
        CAMPAIGN=campaign.public_id,
        OFFER=offer.public_id,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"completed, {size} of {size} paid" in done.stdout
    assert "visit of bob counted: true" in done.stdout
    assert (Room.objects.get().status, Visit.objects.filter(skipped="").count()) == (
        RoomStatus.COMPLETED,
        size - 1,
    )

    people = Participant.objects.select_related("referrer").order_by("pk")
    ann, bob, *friends = people.filter(status=Participant.Status.CONFIRMED)
    assert ann.referrer is None
    assert {person.referrer for person in (bob, *friends)} == {ann}
    returned = Order.objects.get(member_id=bob.member_id)
    assert returned.kept_minor == 0

    drain()
    # For bob's order, which came back, ann gets nothing; for every friend's she does.
    assert wallet(ann.member_id) == Wallet(available=10 + 100 * (size - 2))
    assert wallet(bob.member_id) == Wallet(available=10)


def test_it_names_what_is_missing() -> None:
    done = run(API="http://127.0.0.1:1/api/v1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("quickstart: set SHOP_KEY: ")
    assert len(done.stderr.splitlines()) == 1
