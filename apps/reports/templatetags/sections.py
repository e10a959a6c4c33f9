"""Sections in templates: pictures in a page's own colours, and cells in an operator's words."""

import datetime as dt
from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.core.templatetags.money import money
from apps.reports import pictures
from apps.reports.sections import words
from apps.reports.sections.parts import Cell, Column, Kind, Table

register = template.Library()

# The same picture is asked for again and again: a campaign's past does not change.
_kept = lru_cache(maxsize=256)(pictures.inline_svg)


@register.filter
def drawn(picture: pictures.Picture) -> SafeString:
    """The picture as an SVG element. Its words are escaped where they are drawn."""
    return mark_safe(_kept(picture))  # noqa: S308


@register.simple_tag
def cell(value: Cell, column: Column, table: Table) -> SafeString:
    """A cell in words."""
    return format_html("{}", _in_words(value, column.kind, table.currency))


@register.filter
def heading(column: Column) -> str:
    """Its title; a percentage does not break over lines."""
    return column.title.replace(" %", "\u00a0%")


@register.filter
def is_number(column: Column) -> bool:
    """Whether its cells are set to the right."""
    return column.kind is not Kind.TEXT and not is_day(column)


@register.filter
def is_day(column: Column) -> bool:
    """Whether its cells are days or months, which do not break over lines."""
    return column.kind in (Kind.DATE, Kind.MONTH)


def _in_words(value: Cell, kind: Kind, currency: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, dt.date):
        return f"{value:%b %Y}" if kind is Kind.MONTH else f"{value.day} {value:%b %Y}"
    if isinstance(value, str):
        return value
    if kind is Kind.MONEY:
        return money(value, currency)
    shown = {
        Kind.COUNT: words.whole,
        Kind.SHARE: words.percent,
        Kind.DAYS: words.days,
    }
    return shown.get(kind, words.plain)(value)
