"""Codes of outside systems, imported to be handed out once each."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.core.transactions import in_transaction
from apps.coupons.errors import TemplateConflict, TemplateUnknown
from apps.coupons.models import Coupon, PoolCode, Template
from apps.coupons.rules import code_fault


@dataclass(frozen=True)
class RefusedCode:
    """A line of an import that was not taken."""

    line: int
    code: str
    why: str


@in_transaction
def pool_import(
    *, template_id: int, lines: Iterable[tuple[int, str]]
) -> tuple[int, list[RefusedCode]]:
    """Add codes (line number, text) to a template's pool; how many, and the lines refused.

    A code that is known already is refused, so the same file again adds nothing. Raises
    TemplateUnknown, TemplateConflict. Locks nothing: the unique code decides a race.
    """
    template = Template.objects.filter(pk=template_id).first()
    if template is None:
        raise TemplateUnknown()
    if template.code_source != Template.CodeSource.POOL:
        raise TemplateConflict("This template makes its own codes.")
    fresh, refused = _sift(list(lines), is_test=template.is_test)
    made = PoolCode.objects.bulk_create(
        [PoolCode(template=template, is_test=template.is_test, code=code) for code in fresh],
        ignore_conflicts=True,
        batch_size=5_000,
    )
    return len(made), refused


def _sift(
    lines: list[tuple[int, str]], *, is_test: bool
) -> tuple[dict[str, int], list[RefusedCode]]:
    """The new codes with their lines, and what is wrong with the others."""
    texts = [text.strip() for _, text in lines]
    known = set(
        PoolCode.objects.filter(is_test=is_test, code__in=_plain(texts)).values_list(
            "code", flat=True
        )
    ) | set(
        Coupon.objects.filter(is_test=is_test, code__in=_plain(texts)).values_list(
            "code", flat=True
        )
    )
    fresh: dict[str, int] = {}
    refused = []
    for (number, _), code in zip(lines, texts, strict=True):
        why = code_fault(code)
        if not why and code in fresh:
            why = f"The same as line {fresh[code]}."
        if not why and code in known:
            why = "The code is known already."
        if why:
            refused.append(RefusedCode(number, code[:80], why))
        else:
            fresh[code] = number
    return fresh, refused


def _plain(texts: list[str]) -> list[str]:
    """Those that can be asked for: PostgreSQL knows no NUL."""
    return [text for text in texts if not code_fault(text)]
