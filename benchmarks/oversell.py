"""A stock that more want than there is, by our services and by django-oscar's checkout.

django-oscar is installed for the run into a virtual environment of its own, and gets a database of
its own on the same server.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from apps.groupbuy.models import OfferItem
from apps.groupbuy.rules import ItemTerms
from benchmarks import clients, stage
from benchmarks.clients import Clients
from benchmarks.database import fresh_database
from benchmarks.memory import Peak
from benchmarks.options import BASE_DIR

STOCK = 30
CLIENTS = 8
TRIES = 6  # of each client: 48 buyers for 30 pieces

OSCAR = "django-oscar==4.2.1"
OSCAR_HOME = BASE_DIR / "var/oscar"
OSCAR_SHOP = Path(__file__).with_name("oscar_shop.py")
NO_SHOP = f"{OSCAR} could not be installed here: nothing to show beside"


@dataclass
class Sold:
    """What each run sold of its stock."""

    version: str = ""
    sold: list[int] = field(default_factory=list)
    seconds: float = 0.0
    mebibytes: float = 0.0

    @property
    def oversold(self) -> int:
        return sum(one > STOCK for one in self.sold)

    def line(self) -> str:
        rate = sum(self.sold) / self.seconds
        return (
            f"sold {min(self.sold)} to {max(self.sold)}, median {median(self.sold):g}; "
            f"too many in {self.oversold} of {len(self.sold)} runs; {rate:,.0f} pieces per second, "
            f"{self.mebibytes:,.0f} MiB at most"
        )

    def told(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "sold": self.sold,
            "runs_oversold": self.oversold,
            "seconds": round(self.seconds, 2),
            "peak_mebibytes": round(self.mebibytes, 1),
        }


def contest(runs: int, url: str, on_run: Callable[[], None]) -> tuple[Sold, Sold | None]:
    """What both sell. None for a shop that cannot be installed."""
    return ours(runs, url, on_run), shops(runs, url, on_run)


def ours(runs: int, url: str, on_run: Callable[[], None]) -> Sold:
    """Runs of the engine's services on the database at `url`, which is Django's too."""
    campaign = stage.make_group_campaign("Scarce tea")
    members = [stage.make_member().pk for _ in range(CLIENTS * TRIES)]
    shares = [members[n::CLIENTS] for n in range(CLIENTS)]
    scarce = ItemTerms("tea", "Green tea, 500 g", 9_900, 6_900, STOCK)

    def run(shop: Clients) -> int:
        offer = stage.make_offer(campaign, size=2, item=scarce)
        shop.at_once([{"offer": offer.public_id, "members": share} for share in shares])
        item = OfferItem.objects.get(offer=offer)
        assert item.held == 0
        return item.sold

    with ExitStack() as stack:
        return _runs(runs, clients.start(stack, "buy", CLIENTS, url), run, on_run)


def shops(runs: int, url: str, on_run: Callable[[], None]) -> Sold | None:
    """Runs of django-oscar's checkout, in a database of its own; None where it cannot be had."""
    python = _install()
    if python is None:
        return None
    program = (python, OSCAR_SHOP)
    with fresh_database(url) as own, ExitStack() as stack:
        [counter] = clients.start(stack, "count", 1, own, program).processes
        counting = Clients([counter])
        [made] = counting.at_once([{"members": CLIENTS * TRIES}])

        def run(shop: Clients) -> int:
            [offered] = counting.at_once([{"stock": STOCK}])
            acts = [
                {"product": offered["product"], "members": made["members"][n::CLIENTS]}
                for n in range(CLIENTS)
            ]
            shop.at_once(acts)
            [counted] = counting.at_once([{"product": offered["product"]}])
            return int(counted["sold"])

        sold = _runs(runs, clients.start(stack, "buy", CLIENTS, own, program), run, on_run)
        sold.version = made["version"]
        return sold


def _runs(
    runs: int, shop: Clients, run: Callable[[Clients], int], on_run: Callable[[], None]
) -> Sold:
    sold, peak = Sold(), Peak(shop.pids)
    began = time.monotonic()
    with peak:
        for _ in range(runs):
            sold.sold.append(run(shop))
            on_run()
    sold.seconds = time.monotonic() - began
    sold.mebibytes = peak.mebibytes
    return sold


def _install() -> Path | None:
    """The Python of an environment that has the shop; made on first use. None when it cannot be."""
    python = OSCAR_HOME / "bin/python"
    done = OSCAR_HOME / OSCAR
    if done.exists():
        return python
    for command in (
        [sys.executable, "-m", "venv", str(OSCAR_HOME)],
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            OSCAR,
            "psycopg[binary]",
        ],
    ):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return None
    done.touch()
    return python
