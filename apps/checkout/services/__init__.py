"""The shop's sale: the only place that composes orders, seats, campaigns and instruments."""

from apps.checkout.services.facts import fact_report
from apps.checkout.services.refunds import order_cancel, refund_order_paid, refund_report
from apps.checkout.services.sales import CurrencyMismatch, Reported, order_report

__all__ = [
    "CurrencyMismatch",
    "Reported",
    "fact_report",
    "order_cancel",
    "order_report",
    "refund_order_paid",
    "refund_report",
]
