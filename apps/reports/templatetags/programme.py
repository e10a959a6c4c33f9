"""Shares and money of the programme report, and how warm a cell is."""

import datetime as dt

from django import template

from apps.core.templatetags.money import money
from apps.reports.viral.figures import Figure

register = template.Library()


@register.filter
def percent(figure: Figure) -> str:
    """A share in percent, or the reason for none."""
    return str(figure.reason) if figure.value is None else _percent(figure.value)


@register.filter
def rate(share: float) -> str:
    """A plain share in percent."""
    return _percent(share)


@register.filter
def percent_interval(figure: Figure) -> str:
    """Its 95 % interval; empty where it has none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{100 * figure.low:.1f} to {_percent(figure.high)}"


@register.filter
def difference(figure: Figure) -> str:
    """How far off something was, with its sign, or the reason for none."""
    if figure.value is None:
        return str(figure.reason)
    sign = "−" if figure.value < 0 else "+"
    return f"{sign}{_percent(abs(figure.value))}"


@register.filter
def worth(figure: Figure, currency: str) -> str:
    """Minor units as money, or the reason for none."""
    return str(figure.reason) if figure.value is None else money(figure.value, currency)


@register.filter
def decimal(figure: Figure) -> str:
    """A number with one digit after the point, or the reason for none."""
    return str(figure.reason) if figure.value is None else f"{figure.value:,.1f}"


@register.filter
def heat(figure: Figure) -> str:
    """How warm a cell is, from 0 to 1, for a style: half of them all is as warm as it gets."""
    return f"{min(2 * (figure.value or 0.0), 1.0):.2f}"


@register.filter
def day(text: str | None, form: str = "%-d %B %Y") -> str:
    """A day that was kept as text; with `form` as strftime has it."""
    return dt.date.fromisoformat(text[:10]).strftime(form) if text else ""


def _percent(value: float) -> str:
    return f"{100 * value:.1f}\u00a0%"
