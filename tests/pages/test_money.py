"""Minor units as people write them."""

import pytest

from apps.core.templatetags.money import money


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (4900, "CNY", "¥49.00"),
        (5, "EUR", "€0.05"),
        (123456789, "USD", "$1,234,567.89"),
        (4900, "JPY", "¥4,900"),
        (4900, "KWD", "KWD\u00a04.900"),
        (1200, "CHF", "CHF\u00a012.00"),
        (-250, "EUR", "−€2.50"),
        (138.4, "CNY", "¥1.38"),
        (0, "CNY", "¥0.00"),
        (None, "CNY", "–"),
    ],
)
def test_money_is_shown_in_its_currency(minor: float | None, currency: str, shown: str) -> None:
    assert money(minor, currency) == shown
