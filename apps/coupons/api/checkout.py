"""Doors: the shop reserves, redeems and releases coupons at checkout."""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent, parsed, rendered, shown
from apps.core.callers import is_test
from apps.core.replies import Asked
from apps.coupons import services
from apps.coupons.api.shapes import (
    CouponRedeemInput,
    CouponReleaseInput,
    CouponReserveInput,
    CouponUseOutput,
)
from apps.members.selectors import member_by_external_id


class CouponReserveView(EngineView):
    """Set a coupon aside for an order until it is paid. Paying the order redeems it."""

    scope = "rewards"

    @extend_schema(request=CouponReserveInput, responses=CouponUseOutput)
    @idempotent()
    def post(self, request: Request, code: str) -> Response:
        fields = parsed(CouponReserveInput, request.data)
        member = member_by_external_id(
            fields["member"], is_test=is_test(request), pointer="/member"
        )
        seconds = fields.get("ttl_seconds")
        coupon = services.coupon_reserve(
            code=code,
            member_id=member.pk,
            order_id=fields["order_id"],
            is_test=is_test(request),
            now=clock.now(),
            ttl=dt.timedelta(seconds=seconds) if seconds else None,
        )
        return Response(shown(CouponUseOutput, coupon))


def _redeem_at_once(request: Request, names: dict[str, Any], asked: Asked) -> HttpResponse | None:
    fields = parsed(CouponRedeemInput, request.data)
    body = services.coupon_redeem_and_reply(
        code=names["code"],
        external_id=fields["member"],
        order_id=fields["order_id"],
        is_test=is_test(request),
        now=clock.now(),
        reply=asked,
    )
    return None if body is None else rendered(body)


class CouponRedeemView(EngineView):
    """Use a coupon for an order, reserved for it before or not."""

    scope = "rewards"
    looks_at_the_key = True

    @extend_schema(request=CouponRedeemInput, responses=CouponUseOutput)
    @idempotent(at_once=_redeem_at_once)
    def post(self, request: Request, code: str) -> Response:
        fields = parsed(CouponRedeemInput, request.data)
        member = member_by_external_id(
            fields["member"], is_test=is_test(request), pointer="/member"
        )
        coupon = services.coupon_redeem(
            code=code,
            member_id=member.pk,
            order_id=fields["order_id"],
            is_test=is_test(request),
            now=clock.now(),
        )
        return Response(shown(CouponUseOutput, coupon))


class CouponReleaseView(EngineView):
    """Give up an order's reservation."""

    scope = "rewards"

    @extend_schema(request=CouponReleaseInput, responses=CouponUseOutput)
    @idempotent()
    def post(self, request: Request, code: str) -> Response:
        fields = parsed(CouponReleaseInput, request.data)
        coupon = services.coupon_release(
            code=code,
            order_id=fields["order_id"],
            is_test=is_test(request),
            now=clock.now(),
        )
        return Response(shown(CouponUseOutput, coupon))
