"""Templates, the coupons they mint, codes of outside systems, and what guests hold before login."""

from apps.coupons.models.coupons import Batch, Claim, Coupon, CouponQuerySet, PoolCode
from apps.coupons.models.templates import Step, Template

__all__ = ["Batch", "Claim", "Coupon", "CouponQuerySet", "PoolCode", "Step", "Template"]
