"""The facts this app records."""

ISSUED = "coupon.issued"
RESERVED = "coupon.reserved"
REDEEMED = "coupon.redeemed"
EXPIRED = "coupon.expired"
REVOKED = "coupon.revoked"
RETURNED = "coupon.returned"
