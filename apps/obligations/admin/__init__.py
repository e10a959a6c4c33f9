"""What the shop owes, as operators see it."""

from apps.obligations.admin import fulfilments, payables, payouts, plans

__all__ = ["fulfilments", "payables", "payouts", "plans"]
