"""Doors: a member's coupons, what can be claimed, and what a guest has held before login."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EnginePagination, EngineView, idempotent
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.core.errors import Invalid
from apps.coupons import selectors, services
from apps.coupons.api.shapes import (
    CouponClaimInput,
    CouponOutput,
    CouponTemplateOutput,
    GuestClaimInput,
    GuestClaimOutput,
)
from apps.coupons.models import Coupon

STATES = ("usable", "pending", "used", "expired")


class MyCouponsView(EngineView):
    """The member's coupons."""

    doors = (Door.MEMBER,)
    pagination_class = EnginePagination

    @extend_schema(
        responses=CouponOutput(many=True),
        parameters=[OpenApiParameter("status", str, enum=STATES, description="Absent: all.")],
    )
    def get(self, request: Request) -> Response:
        state = request.query_params.get("status", "")
        if state and state not in STATES:
            raise Invalid(f"status is one of {', '.join(STATES)}.", pointer="/status")
        rows = selectors.coupons_in_state(acting_member_id(request), state)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(CouponOutput(page, many=True).data)

    @extend_schema(request=CouponClaimInput, responses={201: CouponOutput})
    @idempotent()
    def post(self, request: Request) -> Response:
        """Claim a coupon: of a public template, by its code, or the one held for the guest I was."""
        body = CouponClaimInput(data=request.data)
        body.is_valid(raise_exception=True)
        coupon = _claim(body.validated_data, acting_member_id(request), is_test(request))
        return Response(CouponOutput(coupon).data, status=201)


def _claim(fields: dict[str, str], member_id: int, in_test: bool) -> Coupon:
    now = clock.now()
    if "template" in fields:
        return services.template_claim(template=fields["template"], member_id=member_id, now=now)
    if "code" in fields:
        return services.code_claim(
            code=fields["code"], member_id=member_id, is_test=in_test, now=now
        )
    return services.claim_take(token=fields["claim_token"], member_id=member_id, now=now)


class CouponTemplatesView(EngineView):
    """What can be claimed right now, newest first."""

    doors = (Door.PUBLIC, Door.SERVER, Door.MEMBER)
    pagination_class = EnginePagination

    @extend_schema(responses=CouponTemplateOutput(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        rows = selectors.claimable_templates(is_test=is_test(request))
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(CouponTemplateOutput(page, many=True).data)


class CouponClaimsView(EngineView):
    """A guest claims before login: the coupon is held for whoever brings the token."""

    doors = (Door.PUBLIC, Door.SERVER)

    @extend_schema(request=GuestClaimInput, responses={201: GuestClaimOutput})
    @idempotent(omit=("claim_token",))
    def post(self, request: Request) -> Response:
        body = GuestClaimInput(data=request.data)
        body.is_valid(raise_exception=True)
        mode = None if caller_of(request) is None else is_test(request)
        claim = services.claim_hold(**body.validated_data, is_test=mode)
        shown = {
            "claim_token": selectors.claim_token(claim),
            "template": claim.template,
            "expires_at": claim.expires_at,
        }
        return Response(GuestClaimOutput(shown).data, status=201)
