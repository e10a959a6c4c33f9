"""Numbers as an operator reads them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from apps.core.templatetags.money import money as money_words
from apps.reports.sections.parts import Line
from apps.reports.viral.figures import Figure

Shown = Callable[[float], str]


def plain(value: float) -> str:
    """Two digits after the point, three below a tenth."""
    return f"{value:,.3f}" if abs(value) < 0.1 and value else f"{value:,.2f}"


def whole(value: float) -> str:
    """Without a fraction."""
    return f"{value:,.0f}"


def percent(share: float) -> str:
    """A share as a percentage, with a digit after the point below a tenth."""
    return f"{share * 100:,.1f}\u00a0%" if 0 < share < 0.1 else f"{share * 100:,.0f}\u00a0%"


def ten_times(value: float) -> str:
    """What ten people bring, as one says it."""
    return f"{10 * value:,.1f}".removesuffix(".0")


@dataclass(frozen=True)
class _Money:
    currency: str

    def __call__(self, minor: float) -> str:
        return money_words(minor, self.currency)


def money_in(currency: str) -> Shown:
    """Minor units as money."""
    return _Money(currency)


def days(length: float, like: float | None = None) -> str:
    """Days, or below two of them hours, or below two of those minutes; in the unit of `like`."""
    size = length if like is None else like
    if size >= 2:
        return f"{length:,.1f} days"
    if size >= 2 / 24:
        return f"{length * 24:,.1f} hours"
    return f"{length * 24 * 60:,.0f} minutes"


def value_of(figure: Figure | None, shown: Shown = plain) -> str:
    """The value, or the reason for none."""
    if figure is None:
        return "–"
    return str(figure.reason) if figure.value is None else shown(figure.value)


def interval_of(figure: Figure | None, shown: Shown = plain) -> str:
    """Its 95 % interval; empty where it has none."""
    if figure is None or (figure.low is None and figure.high is None):
        return ""
    if figure.high is None:
        return f"at least {shown(figure.low or 0.0)}, without an upper end"
    if figure.value is None:
        return f"at most {shown(figure.high)}"
    return f"{shown(figure.low or 0.0)} to {shown(figure.high)}"


def line(label: str, figure: Figure, shown: Shown = plain) -> Line:
    """A figure with its name, as the page tells it."""
    why = figure.why[:1].upper() + figure.why[1:]
    value, interval = value_of(figure, shown), interval_of(figure, shown)
    return Line(label, value, interval, why, figure, _unit_of(shown))


def _unit_of(shown: Shown) -> str:
    """What the number by itself is: a share, days, a currency; nothing where it counts something."""
    if isinstance(shown, _Money):
        return shown.currency
    return {percent: "share", days: "days"}.get(shown, "")


def days_line(label: str, figure: Figure) -> Line:
    """A length of time with its name; both ends of its interval in one unit, which is said once."""
    low, high = figure.low, figure.high
    told = line(label, figure, days)
    if low is None or high is None or figure.value is None:
        return told
    number, _, _ = days(low, high).partition(" ")
    return replace(told, interval=f"{number} to {days(high)}")


def people(count: int, one: str = "person", many: str = "people") -> str:
    """“1 person”, “1,204 people”."""
    return f"{count:,} {one if count == 1 else many}"
