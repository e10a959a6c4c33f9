"""Money for people: integer minor units and a currency in, “¥49.00” out."""

from django import template

register = template.Library()

# ISO 4217, where a unit has not a hundred parts.
_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"), 0),
    **dict.fromkeys(("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_SYMBOLS = {"CNY": "¥", "JPY": "¥", "EUR": "€", "GBP": "£", "USD": "$", "KRW": "₩", "INR": "₹"}


@register.filter
def money(minor: float | None, currency: str) -> str:
    """`minor` units of `currency`, as “¥1,234.50” or “CHF 12.00”; “–” for None.

    A fraction of a minor unit, as an average has, is rounded away.
    """
    if minor is None:
        return "–"
    whole = round(minor)
    decimals = _DECIMALS.get(currency, 2)
    units, parts = divmod(abs(whole), 10**decimals)
    amount = f"{units:,}" + (f".{parts:0{decimals}}" if decimals else "")
    sign = "−" if whole < 0 else ""
    return sign + _SYMBOLS.get(currency, f"{currency}\u00a0") + amount


def in_units(minor: float, currency: str) -> float:
    """`minor` units of `currency` in whole units, for drawings and sheets: never to reckon with."""
    return float(minor / 10 ** _DECIMALS.get(currency, 2))
