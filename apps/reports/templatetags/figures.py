"""Figures in an operator's words: the number or why there is none, and its interval."""

from django import template

from apps.reports.sections import words
from apps.reports.viral.figures import Figure

register = template.Library()


@register.filter
def number(figure: Figure | None) -> str:
    """The value with three digits after the point, or the reason for none."""
    return words.value_of(figure, "{:,.3f}".format)


@register.filter
def interval(figure: Figure | None) -> str:
    """Its 95 % interval in words; empty where it has none."""
    return words.interval_of(figure, "{:,.3f}".format)


@register.filter
def span(figure: Figure | None) -> str:
    """A value in days as people say it, or the reason for none."""
    return words.value_of(figure, words.days)


@register.filter
def span_interval(figure: Figure | None) -> str:
    """The 95 % interval of days, both ends in one unit."""
    high = figure.high if figure else None
    return words.interval_of(figure, lambda end: words.days(end, like=high))
