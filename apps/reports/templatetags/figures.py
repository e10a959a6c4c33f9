"""Figures in an operator's words: the number or why there is none, and its interval."""

import datetime as dt
from collections.abc import Callable

from django import template
from django.utils.html import format_html

from apps.core.templatetags.money import money
from apps.reports.viral.figures import Figure

register = template.Library()


@register.filter
def number(figure: Figure | None) -> str:
    """The value with three digits after the point, or the reason for none."""
    if figure is None:
        return "–"
    return str(figure.reason) if figure.value is None else f"{figure.value:,.3f}"


@register.filter
def interval(figure: Figure | None) -> str:
    """Its 95 % interval in words; empty where it has none."""
    return _interval(figure, "{:,.3f}".format)


@register.filter
def span(figure: Figure | None) -> str:
    """A value in days as people say it, or the reason for none."""
    if figure is None:
        return "–"
    return str(figure.reason) if figure.value is None else days(figure.value)


@register.filter
def span_interval(figure: Figure | None) -> str:
    """The 95 % interval of days, both ends in one unit."""
    high = figure.high if figure else None
    return _interval(figure, lambda end: days(end, like=high))


@register.filter
def percent(figure: Figure | None) -> str:
    """A share as whole percent, or the reason for none. All but a little is not 100 %."""
    if figure is None:
        return "–"
    if figure.value is None:
        return str(figure.reason)
    shown = round(figure.value * 100)
    return f"{min(shown, 99) if figure.value < 1 else shown} %"


@register.filter
def amount(figure: Figure | None, currency: str) -> str:
    """Minor units as money, or the reason for none."""
    if figure is None:
        return "–"
    return str(figure.reason) if figure.value is None else money(figure.value, currency)


@register.filter
def amounts(figure: Figure | None, currency: str) -> str:
    """The 95 % interval of an amount; empty where it has none."""
    return _interval(figure, lambda end: money(end, currency))


_MARGINS = {
    "line": "what the shop told of the line",
    "tag": "the rate of a tag",
    "default": "the shop’s rate",
    "unknown": "nothing: tell it, or set a rate",
}


@register.filter
def margin_source(source: str) -> str:
    """Where a margin is from, in words."""
    return _MARGINS.get(source, source)


@register.filter
def more(figure: Figure) -> str:
    """A difference in words: “0.120 more”, “0.120 fewer”."""
    value = figure.value or 0.0
    return f"{abs(value):,.3f} {'fewer' if value < 0 else 'more'}"


@register.filter
def whole_days(length: dt.timedelta) -> str:
    """A duration as people say it."""
    return days(length / dt.timedelta(days=1)).replace(".0 ", " ")


@register.filter
def interval_bar(figure: Figure) -> str:
    """A difference and its interval as a bar beside zero; for the eye only: the words say it too."""
    if figure.value is None or figure.low is None or figure.high is None:
        return ""
    least, most = min(figure.low, 0.0), max(figure.high, 0.0)
    width = (most - least) or 1.0

    def place(at: float) -> str:
        return f"{2 + 96 * (at - least) / width:.2f}%"

    return format_html(
        '<svg class="interval-bar" aria-hidden="true" focusable="false">'
        '<line class="nothing" x1="{zero}" x2="{zero}" y1="0" y2="100%"/>'
        '<line x1="{low}" x2="{high}" y1="50%" y2="50%" stroke="currentColor" stroke-width="6"'
        ' stroke-linecap="round" opacity=".35"/>'
        '<circle cx="{value}" cy="50%" r="6" fill="currentColor"/></svg>',
        zero=place(0.0),
        low=place(figure.low),
        high=place(figure.high),
        value=place(figure.value),
    )


def days(length: float, like: float | None = None) -> str:
    """Days, or below two of them hours, or below two of those minutes; in the unit of `like`."""
    size = length if like is None else like
    if size >= 2:
        return f"{length:,.1f} days"
    if size >= 2 / 24:
        return f"{length * 24:,.1f} hours"
    return f"{length * 24 * 60:,.0f} minutes"


def _interval(figure: Figure | None, shown: Callable[[float], str]) -> str:
    if figure is None or (figure.low is None and figure.high is None):
        return ""
    if figure.high is None:
        return f"at least {shown(figure.low or 0.0)}, without an upper end"
    if figure.value is None:
        return f"at most {shown(figure.high)}"
    return f"{shown(figure.low or 0.0)} to {shown(figure.high)}"
