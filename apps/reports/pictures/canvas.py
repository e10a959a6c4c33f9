"""One way to draw: a picture as SVG inside a page, in the page's own colours, or as a file.

matplotlib draws; it is imported when the first picture is wanted, as it takes a second and most
processes never draw. Its settings are the process's, so one thread draws at a time.
"""

import io
import re
from dataclasses import dataclass
from html import escape
from threading import Lock
from typing import Any, Protocol

WIDTH, HEIGHT = 340, 230  # in points: about a phone's width, so that words stay legible there
DOTS_PER_INCH = 220
_POINTS_PER_INCH = 72
_FONT = "DejaVu Sans"  # what matplotlib brings along: widths are reckoned with it

_one_at_a_time = Lock()


@dataclass(frozen=True)
class Inks:
    """The colours of a picture, by what they are for."""

    ink: str
    soft: str
    grid: str
    accent: str
    second: str
    warn: str


# On white paper.
PAPER = Inks("#1f1a16", "#5f5850", "#ddd6cd", "#c8430c", "#2a6f97", "#b3261e")
# Stand-ins that become the page's custom properties, so that a picture turns dark with its page.
_STAND_INS = Inks("#010203", "#010204", "#010205", "#010206", "#010207", "#010208")


class Picture(Protocol):
    """Something that can draw itself on axes. `title` is its heading, `alt` says what it shows."""

    @property
    def title(self) -> str: ...

    @property
    def alt(self) -> str: ...

    @property
    def height(self) -> int: ...

    def draw(self, axes: Any, inks: Inks) -> None: ...

    def __hash__(self) -> int: ...


def inline_svg(picture: Picture) -> str:
    """The picture as an SVG element for inside a page. It takes the page's font and the colours
    `--picture-ink`, `-soft`, `-grid`, `-accent`, `-second` and `-warn`, and is as wide as its place.
    """
    drawn = _svg_text(picture, _STAND_INS, title=False)
    for name in Inks.__dataclass_fields__:
        drawn = drawn.replace(getattr(_STAND_INS, name), f"var(--picture-{name})")
    drawn = drawn.replace(f"'{_FONT}'", "var(--picture-font, sans-serif)")
    drawn = re.sub(r"<style.*?</style>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    drawn = re.sub(r'<g id="[^"]*"', "<g", drawn)  # a page has several pictures, and each id once
    opening = drawn.index(">")
    box = re.search(r'viewBox="[^"]*"', drawn[:opening])
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    head = f'<svg {names} {box[0] if box else ""} role="img" aria-label="{escape(picture.alt)}"'
    return f"{head}{drawn[opening:]}"


def svg(picture: Picture) -> str:
    """The picture as an SVG file, with its title, on white."""
    return _svg_text(picture, PAPER, title=True)


def png(picture: Picture) -> bytes:
    """The picture as a PNG file, with its title, on white."""
    out = io.BytesIO()
    with _one_at_a_time:
        _figure(picture, PAPER, title=True).savefig(
            out, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None}
        )
    return out.getvalue()


def _svg_text(picture: Picture, inks: Inks, *, title: bool) -> str:
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with _one_at_a_time:
        _figure(picture, inks, title=title).savefig(
            out, format="svg", transparent=not title, metadata=nothing
        )
    return out.getvalue()


def _figure(picture: Picture, inks: Inks, *, title: bool) -> Any:
    """The picture drawn on a figure of its own: no pyplot, which would keep it."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    # Words stay words in SVG; a "$" is money, not mathematics; the same picture has the same text.
    mpl.rcParams.update(
        {
            "svg.fonttype": "none",
            "text.parse_math": False,
            "svg.hashsalt": "picture",
            "font.sans-serif": [_FONT],
        }
    )
    height = picture.height + 22 * title
    figure = Figure(
        figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH),
        dpi=_POINTS_PER_INCH,
        layout=ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.05),
    )
    axes = figure.subplots()
    if title:
        figure.suptitle(
            picture.title, fontsize=11, color=inks.ink, x=0.02, ha="left", weight="bold"
        )
    _plain(axes, inks)
    picture.draw(axes, inks)
    return figure


def _plain(axes: Any, inks: Inks) -> None:
    """Axes without a box, with quiet lines across."""
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(inks.grid)
    axes.tick_params(colors=inks.soft, labelsize=10.5, length=0, pad=4)
    axes.grid(axis="y", color=inks.grid, linewidth=0.8)
    axes.set_axisbelow(True)


def words(axes: Any, x: float, y: float, text: str, colour: str, **more: Any) -> None:
    """A few words at a place in the picture."""
    axes.annotate(text, (x, y), color=colour, fontsize=more.pop("size", 10.5), **more)
