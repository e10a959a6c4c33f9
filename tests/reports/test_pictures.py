"""Pictures: well-formed, in the page's own colours, and drawn of whatever there is."""

import datetime as dt
import xml.etree.ElementTree as ET

import pytest

from apps.reports import pictures
from apps.reports.pictures import Mark, Picture
from apps.reports.viral.concentration import CurvePoint
from apps.reports.viral.figures import Figure, Reason, absent
from apps.reports.viral.forecast import Band
from apps.reports.viral.offspring import Bar

DAYS = tuple(dt.date(2026, 5, 1) + dt.timedelta(days=n) for n in range(10))
ODD = "<b> & $5 $6 \"'"

FULL: list[Picture] = [
    pictures.Funnel("Funnel", ODD, ((ODD, 10, ""), ("Opened", 30, "3 each"))),
    pictures.Intervals(
        "K",
        ODD,
        (
            Mark("Seeds", Figure(1.2, 0.9, 1.5)),
            Mark("1st", Figure(0.5, 0.3, None, Reason.UNBOUNDED)),
            Mark("2nd", Figure(None, 0.0, 0.6, Reason.UPPER_BOUND)),
            Mark("3rd", absent(Reason.TOO_EARLY, "so few")),
        ),
    ),
    pictures.Growth(
        "Growth",
        ODD,
        DAYS,
        tuple(range(10)),
        (1,) * 10,
        (Band(1, 9.0, 10.0, 1e7), Band(2, 9, 11, 1e7)),
    ),
    pictures.Cycle("Cycle", ODD, (0.1, 0.5), (0.4, 1.0), (0.2, 1.0), (0.6, 1.0), ((0.5, "half"),)),
    pictures.Concentration(
        "Who", ODD, (CurvePoint(0.0, 0.0), CurvePoint(0.2, 0.9), CurvePoint(1.0, 1.0)), 0.8, 0.18
    ),
    pictures.Bars("Bars", ODD, (Bar(0, 90, 88.0, 80.0), Bar(1, 10, None, 9.0))),
    pictures.Burn("Burn", ODD, DAYS, (5.0,) * 10, (1.0,) * 10, 100.0),
    pictures.OverTime("Over time", ODD, DAYS, (Figure(0.5, 0.3, 0.8),) * 10),
    pictures.Tree("Tree", ODD, (-1, 0, 0, 1)),
]
EMPTY: list[Picture] = [
    pictures.Funnel("Funnel", "", ()),
    pictures.Intervals("K", "", ()),
    pictures.Growth("Growth", "", (), (), (), ()),
    pictures.Cycle("Cycle", "", (), (), (), (), ()),
    pictures.Bars("Bars", "", ()),
    pictures.Burn("Burn", "", DAYS[:1], (0.0,), (0.0,), None),
    pictures.OverTime("Over time", "", (), ()),
    pictures.OverTime("Over time", "", DAYS[:1], (absent(Reason.TOO_EARLY, "so few"),)),
    pictures.Tree("Tree", "", ()),
]


def name(picture: Picture) -> str:
    return type(picture).__name__


@pytest.mark.parametrize("picture", FULL + EMPTY, ids=name)
def test_a_picture_inside_a_page(picture: Picture) -> None:
    drawn = pictures.inline_svg(picture)
    root = ET.fromstring(drawn)
    assert root.get("role") == "img"
    assert root.get("aria-label") == picture.alt
    assert "<style" not in drawn
    assert "#0102" not in drawn
    assert "nan" not in drawn.lower()


def test_colours_are_the_pages_own() -> None:
    drawn = pictures.inline_svg(FULL[2])
    for ink in ("ink", "soft", "grid", "accent", "second"):
        assert f"var(--picture-{ink})" in drawn


def test_words_stay_words() -> None:
    words = "".join(ET.fromstring(pictures.inline_svg(FULL[0])).itertext())
    assert ODD in words


def test_the_same_picture_is_the_same_text() -> None:
    assert pictures.inline_svg(FULL[1]) == pictures.inline_svg(FULL[1])


def test_files_have_their_title_and_stand_on_white() -> None:
    drawn = pictures.svg(FULL[2])
    assert "Growth" in "".join(ET.fromstring(drawn).itertext())
    assert "var(--" not in drawn
    assert pictures.png(FULL[3]).startswith(b"\x89PNG")
