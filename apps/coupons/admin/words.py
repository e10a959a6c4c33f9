"""A template's terms, said to an operator."""

from apps.core.templatetags.money import money
from apps.coupons.models import Template


def in_words(template: Template, worth: str) -> list[str]:
    """One line for each thing that was promised; `worth` in words."""
    return [
        line for line in (*_gives(template, worth), *_baskets(template), *_had(template)) if line
    ]


def _gives(template: Template, worth: str) -> list[str]:
    steps = [
        f"{money(step.off_minor, template.currency)} off "
        f"{'per' if template.repeats else 'from'} {money(step.from_minor, template.currency)}"
        for step in sorted(template.steps.all(), key=lambda step: step.from_minor)
    ]
    return [
        f"{template.get_kind_display()}: {worth}.",
        "; ".join(steps) + "." if steps else "",
        f"{template.get_applies_display()}.",
    ]


def _baskets(template: Template) -> list[str]:
    smallest = template.min_basket_minor
    return [
        f"From {money(smallest, template.currency)} on." if smallest else "",
        _list("Only SKUs", template.skus),
        _list("Only lines tagged", template.tags),
        _list("Never SKUs", template.not_skus),
        _list("Never lines tagged", template.not_tags),
        f"{template.get_stacking_display()}{f' ({template.stack_group})' * bool(template.stack_group)}.",
        f"Priority {template.priority}." if template.priority else "",
    ]


def _had(template: Template) -> list[str]:
    if template.applies == Template.Applies.AUTOMATIC:
        return [_since(template)]
    limit = template.member_limit
    return [
        _since(template),
        f"Valid for {template.valid_hours:,} hours after its issue."
        if template.valid_hours
        else "",
        f"{template.get_code_source_display()}.",
        "Anybody may claim one." if template.is_public else "Nobody may claim one by themselves.",
        f"At most {limit:,} per member."
        if limit is not None
        else "As many per member as they get.",
        "For test members only." if template.is_test else "",
    ]


def _since(template: Template) -> str:
    return f"Usable from {template.starts_at:%d %B %Y, %H:%M} UTC." if template.starts_at else ""


def _list(words: str, names: list[str]) -> str:
    return f"{words}: {', '.join(names)}." if names else ""
