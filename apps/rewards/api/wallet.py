"""Doors: a member's wallet as a whole, for their phone and for the shop."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.rules import AwardKind
from apps.core.api import EngineView
from apps.core.callers import Door, acting_member_id, is_test
from apps.coupons.api.shapes import CouponOutput
from apps.members.selectors import member_by_external_id
from apps.obligations.api.payouts import BalanceOutput
from apps.points.api import WalletOutput
from apps.rewards.wallet import whole_wallet
from apps.tiers.api import MemberTierOutput


class HoldOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[kind.value for kind in AwardKind])
    amount = serializers.IntegerField(help_text="In the units of its kind.")
    until = serializers.DateTimeField(
        allow_null=True, help_text="null: from when the order is fulfilled."
    )


class WholeWalletOutput(WalletOutput):
    holds = HoldOutput(many=True, help_text="What is promised, the soonest first; at most 20.")
    coupons_usable = serializers.IntegerField()
    coupons = CouponOutput(many=True, help_text="Usable ones, the soonest to expire; at most 20.")
    tier = MemberTierOutput()
    owed = BalanceOutput(many=True, help_text="Money the shop owes the member, by currency.")


class MyWalletView(EngineView):
    """What the member has, waits for and stands at."""

    doors = (Door.MEMBER,)

    @extend_schema(responses=WholeWalletOutput)
    def get(self, request: Request) -> Response:
        wallet = whole_wallet(acting_member_id(request), is_test=is_test(request))
        return Response(WholeWalletOutput(wallet).data)


class MemberWalletView(EngineView):
    """What a member has, for the shop."""

    scope = "rewards"

    @extend_schema(responses=WholeWalletOutput)
    def get(self, request: Request, external_id: str) -> Response:
        member = member_by_external_id(external_id, is_test=is_test(request))
        return Response(WholeWalletOutput(whole_wallet(member.pk, is_test=member.is_test)).data)
