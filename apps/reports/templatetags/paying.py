"""Money, shares and differences in an operator's words."""

import datetime as dt

from django import template
from django.utils.html import format_html

from apps.core.templatetags.money import money
from apps.reports.viral.figures import Figure

register = template.Library()

_MARGINS = {
    "line": "what the shop told of the line",
    "tag": "the rate of a tag",
    "default": "the shop’s rate",
    "unknown": "nothing: tell it, or set a rate",
}


@register.filter
def amount(figure: Figure, currency: str) -> str:
    """Minor units as money, or the reason for none."""
    return str(figure.reason) if figure.value is None else money(figure.value, currency)


@register.filter
def amounts(figure: Figure, currency: str) -> str:
    """The 95 % interval of an amount; empty where it has none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{money(figure.low, currency)} to {money(figure.high, currency)}"


@register.filter
def share(figure: Figure) -> str:
    """A share as whole percent, or the reason for none. All but a little is not 100 %."""
    if figure.value is None:
        return str(figure.reason)
    shown = round(figure.value * 100)
    return f"{min(shown, 99) if figure.value < 1 else shown} %"


@register.filter
def margin_source(source: str) -> str:
    """Where a margin is from."""
    return _MARGINS.get(source, source)


@register.filter
def more(figure: Figure) -> str:
    """A difference in words: “0.120 more”, “0.120 fewer”."""
    value = figure.value or 0.0
    return f"{abs(value):,.3f} {'fewer' if value < 0 else 'more'}"


@register.filter
def amount_more(figure: Figure, currency: str) -> str:
    """A difference of money in words: “¥1.20 more”, “¥1.20 less”."""
    value = figure.value or 0.0
    return f"{money(abs(value), currency)} {'less' if value < 0 else 'more'}"


@register.filter
def whole_days(length: dt.timedelta) -> str:
    """A duration in days."""
    number = f"{length / dt.timedelta(days=1):.3g}"
    return f"{number} day" if number == "1" else f"{number} days"


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
