"""Doors: coupons at checkout, a member's coupons, what can be claimed."""
