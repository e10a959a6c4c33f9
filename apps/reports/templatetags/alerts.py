"""Alerts in an operator's words."""

from typing import Any

from django import template

from apps.core.templatetags.money import money
from apps.reports.alert_rules import Alert
from apps.reports.selectors.alerts import Told

register = template.Library()


@register.filter
def alert_words(told: Told) -> str:
    """What happened, with its figures, in one sentence."""
    say = told.figures
    if told.kind in (Alert.K_FELL, Alert.K_ROSE):
        verb = "fell" if told.kind == Alert.K_FELL else "rose"
        return (
            f"K {verb}: {_k(say['k'])} in the last {say['days']} days, {_k(say['before'])} in the "
            "week before."
        )
    if told.kind == Alert.BUDGET_BURN:
        currency = told.campaign.currency
        return (
            f"The budget lasts {say['hours_left']:g} more hours: {money(say['left_minor'], currency)} "
            f"is left, and the last day took {money(say['last_day_minor'], currency)}."
        )
    if told.kind == Alert.SUDDEN_SOURCE:
        source = f"The link {say['link']}" if "link" in say else f"“{say['channel']}”"
        return (
            f"{source} brought {say['people']} of the {say['of']} who joined in the last day: "
            f"{say['share']:.0%}, where it used to be {say['share_before']:.1%}."
        )
    return (
        f"{say['refunded']} orders were refunded in a week of {say['orders']} orders; "
        f"{say['expected']:g} would be usual."
    )


def _k(k: dict[str, Any]) -> str:
    return f"{k['value']:.2f} ({k['low']:.2f} to {k['high']:.2f})"
