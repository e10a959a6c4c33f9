"""The only writers of templates, coupons, pools and claims.

Lock order: coupons by id, then their claim, then pool codes, then the template's counters last.
"""

from apps.coupons.errors import (
    CouponMemberLimit,
    CouponsExhausted,
    CouponUnknown,
    TemplateStopped,
    TemplateUnknown,
)
from apps.coupons.services.batches import batch_continue, batch_order, batch_rows
from apps.coupons.services.claims import claim_hold, claim_take, code_claim, template_claim
from apps.coupons.services.deadlines import (
    claims_expire,
    coupons_expire,
    reservations_expire,
)
from apps.coupons.services.minting import (
    coupon_activate,
    coupon_issue,
    coupon_promise,
    coupon_revoke,
    coupon_withdraw,
)
from apps.coupons.services.pools import RefusedCode, pool_import
from apps.coupons.services.spending import (
    coupon_redeem,
    coupon_redeem_and_reply,
    coupon_release,
    coupon_reserve,
    coupons_capture_order,
    coupons_release_order,
    coupons_return_order,
)
from apps.coupons.services.templates import template_activate, template_stop

__all__ = [
    "CouponMemberLimit",
    "CouponUnknown",
    "CouponsExhausted",
    "RefusedCode",
    "TemplateStopped",
    "TemplateUnknown",
    "batch_continue",
    "batch_order",
    "batch_rows",
    "claim_hold",
    "claim_take",
    "claims_expire",
    "code_claim",
    "coupon_activate",
    "coupon_issue",
    "coupon_promise",
    "coupon_redeem",
    "coupon_redeem_and_reply",
    "coupon_release",
    "coupon_reserve",
    "coupon_revoke",
    "coupon_withdraw",
    "coupons_capture_order",
    "coupons_expire",
    "coupons_release_order",
    "coupons_return_order",
    "pool_import",
    "reservations_expire",
    "template_activate",
    "template_claim",
    "template_stop",
]
