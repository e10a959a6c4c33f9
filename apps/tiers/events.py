"""The facts this app records."""

REACHED = "tier.reached"
LOWERED = "tier.lowered"
