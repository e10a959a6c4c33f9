"""A banner for pages that should say when the emergency stop is on."""

from typing import Any

from django import template

from apps.campaigns import selectors

register = template.Library()


@register.inclusion_tag("campaigns/banner.html", takes_context=True)
def emergency_banner(context: dict[str, Any]) -> dict[str, Any]:
    """Says so while the shop is stopped; nothing otherwise."""
    return {"standing": selectors.emergency(), "perms": context.get("perms", {})}
