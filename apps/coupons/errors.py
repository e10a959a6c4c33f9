"""Why a coupon, or what mints it, could not be had."""

from apps.core.errors import Conflict, Forbidden, Invalid, NotFound


class TemplateUnknown(NotFound):
    code = "coupon_template_unknown"
    message = "There is no such coupon template."


class TemplateIncomplete(Conflict):
    code = "coupon_template_incomplete"
    message = "The template cannot be used like this."


class TemplateConflict(Conflict):
    code = "coupon_template_conflict"
    message = "The template is not in a state that allows this."


class CouponsExhausted(Conflict):
    code = "coupons_exhausted"
    message = "All coupons of this kind are gone."


class TemplateStopped(CouponsExhausted):
    """No more coupons are to be had: stopped, not started, or over."""

    code = "coupon_template_stopped"
    message = "There are no coupons of this kind right now."


class CouponMemberLimit(Conflict):
    code = "coupon_member_limit"
    message = "The member has had as many of these coupons as one may have."


class CouponKeyConflict(Conflict):
    code = "coupon_key_conflict"
    message = "This key already made another coupon."


class CouponUnknown(NotFound):
    code = "coupon_unknown"
    message = "There is no coupon with this code."


class CouponOfSomebodyElse(Conflict):
    code = "coupon_of_somebody_else"
    message = "This coupon belongs to somebody else."


class CouponPending(Conflict):
    code = "coupon_pending"
    message = "This coupon is promised and cannot be used yet."


class CouponNotStarted(Conflict):
    code = "coupon_not_started"
    message = "This coupon cannot be used yet."


class CouponUsed(Conflict):
    code = "coupon_used"
    message = "This coupon is already redeemed."


class CouponReserved(Conflict):
    code = "coupon_reserved"
    message = "This coupon is set aside for another order."


class CouponHeld(Conflict):
    code = "coupon_held"
    message = "This coupon is held for a guest who is about to log in."


class CouponExpired(Conflict):
    code = "coupon_expired"
    message = "This coupon has expired."


class CouponRevoked(Conflict):
    code = "coupon_revoked"
    message = "This coupon was withdrawn."


class ModeMismatch(Forbidden):
    code = "mode_mismatch"
    message = "Test members and live coupons never meet, nor the other way round."


class ClaimTokenInvalid(Invalid):
    code = "claim_token_invalid"
    message = "This is no claim token of ours."


class ClaimExpired(Conflict):
    code = "claim_expired"
    message = "What was held for this guest was given up, or somebody else has taken it."


class GuestClaimsFull(Conflict):
    code = "guest_claims_full"
    message = "As many of these coupons as may be are held for guests already. Log in to claim one."


class BatchConflict(Conflict):
    code = "coupon_batch_conflict"
    message = "This key already ordered another batch."
