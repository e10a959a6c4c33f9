from django.urls import path

from apps.coupons.api import checkout, members

urlpatterns = [
    path("coupons/<str:code>/reserve", checkout.CouponReserveView.as_view(), name="coupon-reserve"),
    path("coupons/<str:code>/redeem", checkout.CouponRedeemView.as_view(), name="coupon-redeem"),
    path("coupons/<str:code>/release", checkout.CouponReleaseView.as_view(), name="coupon-release"),
    path("me/coupons", members.MyCouponsView.as_view(), name="my-coupons"),
    path("coupon-templates", members.CouponTemplatesView.as_view(), name="coupon-templates"),
    path("coupon-claims", members.CouponClaimsView.as_view(), name="coupon-claims"),
]
