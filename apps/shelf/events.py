"""The facts this app records."""

MADE = "exchange.made"
CANCELLED = "exchange.cancelled"
