"""Figures in an operator's words: the number or why there is none, and its interval."""

from collections.abc import Callable

from django import template

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
