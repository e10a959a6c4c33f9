"""Where the shared data is, when it is there."""

from pathlib import Path

import pytest

CHAINS = Path(__file__).resolve().parents[3] / "shared/data/groupbuy/beibei_chains.csv.gz"

needs_chains = pytest.mark.skipif(
    not CHAINS.exists(), reason=f"the shared data is not here: {CHAINS}"
)
