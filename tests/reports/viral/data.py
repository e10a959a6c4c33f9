"""The published numbers beside the checkout, when they are there."""

import csv
from collections.abc import Iterator

import numpy as np
import pytest

from tests.conftest import DATA

needs_data = pytest.mark.skipif(not DATA.exists(), reason=f"the shared data is not here: {DATA}")


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of its files, by column."""
    with (DATA / name).open(newline="") as file:
        yield from csv.DictReader(file)


def columns(name: str, *wanted: str) -> list[np.ndarray]:
    """Numeric columns of one of its files."""
    table = list(rows(name))
    return [np.array([float(row[column]) for row in table]) for column in wanted]
