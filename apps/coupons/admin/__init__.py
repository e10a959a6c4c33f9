"""Operators set up templates, mint codes, and see what became of every coupon."""

from apps.coupons.admin.coupons import BatchAdmin, ClaimAdmin, CouponAdmin, PoolCodeAdmin
from apps.coupons.admin.templates import TemplateAdmin

__all__ = ["BatchAdmin", "ClaimAdmin", "CouponAdmin", "PoolCodeAdmin", "TemplateAdmin"]
