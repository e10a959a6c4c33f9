"""Doors: a member's statement, for the shop and for the member."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EnginePagination, EngineView
from apps.core.callers import Door, acting_member_id, is_test
from apps.invites.openings import public_url
from apps.members.models import Member
from apps.members.selectors import member_by_external_id
from apps.obligations.api.payouts import BalanceOutput, MyPayoutOutput
from apps.reports.partner_page import partner_path, period_asked
from apps.reports.selectors.statement import (
    Period,
    earnings,
    lists_of_now,
    payables_of,
    statement_of,
)

PERIOD = [
    OpenApiParameter(
        "since",
        str,
        description="A day or a moment. Absent: the first of this month, UTC.",
    ),
    OpenApiParameter("until", str, description="A day or a moment, not included. Absent: now."),
    OpenApiParameter("limit", int),
    OpenApiParameter("cursor", str),
]


class StatementCampaignOutput(serializers.Serializer[Any]):
    """A campaign they are in, and how far all their links of it came until now."""

    campaign = serializers.CharField(source="campaign.public_id")
    name = serializers.CharField(source="campaign.name")
    currency = serializers.CharField(source="campaign.currency")
    participant = serializers.CharField(source="participant.public_id")
    version = serializers.IntegerField(help_text="Whose terms are theirs.")
    links = serializers.IntegerField()
    opens = serializers.IntegerField(source="funnel.visits")
    brought = serializers.IntegerField(source="funnel.brought")
    confirmed = serializers.IntegerField(source="funnel.confirmed")
    buyers = serializers.IntegerField(source="funnel.buyers")
    orders = serializers.IntegerField(source="funnel.orders")
    kept_minor = serializers.IntegerField(
        source="funnel.kept_minor", help_text="What is left of those orders after refunds."
    )


class FundedBudgetOutput(serializers.Serializer[Any]):
    campaign = serializers.CharField(source="campaign.public_id")
    name = serializers.CharField(source="campaign.name")
    currency = serializers.CharField(source="campaign.currency")
    amount_minor = serializers.IntegerField(allow_null=True)
    reserved_minor = serializers.IntegerField()
    spent_minor = serializers.IntegerField()


class FundedCouponsOutput(serializers.Serializer[Any]):
    template = serializers.CharField(source="template.public_id")
    name = serializers.CharField(source="template.name")
    issued = serializers.IntegerField()
    redeemed = serializers.IntegerField()


class StatementFeeOutput(serializers.Serializer[Any]):
    """What the shop entered as their fee for a campaign: beside their earnings, in no balance."""

    cost = serializers.CharField(source="public_id")
    campaign = serializers.CharField(source="campaign.public_id")
    name = serializers.CharField(source="campaign.name")
    currency = serializers.CharField(source="campaign.currency")
    amount_minor = serializers.IntegerField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()


class StatementTotalOutput(serializers.Serializer[Any]):
    currency = serializers.CharField()
    earned_minor = serializers.IntegerField()
    taken_back_minor = serializers.IntegerField(help_text="Of it, by refunds until now.")
    left_minor = serializers.IntegerField()


class StatementEarningOutput(serializers.Serializer[Any]):
    earned_at = serializers.DateTimeField(source="at")
    campaign = serializers.CharField()
    reference = serializers.CharField(help_text="The grant.")
    currency = serializers.CharField()
    amount_minor = serializers.IntegerField()
    taken_back_minor = serializers.IntegerField()
    left_minor = serializers.IntegerField()
    state = serializers.CharField(
        help_text="`pending`, `due`, `in_statement`, `paid`, or `void`: all of it was taken back."
    )
    payout = serializers.CharField(allow_blank=True, help_text="The statement that pays it.")


class MyStatementOutput(serializers.Serializer[Any]):
    member = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    campaigns = StatementCampaignOutput(many=True)
    totals = StatementTotalOutput(many=True, help_text="What was earned in the period.")
    balances = BalanceOutput(many=True)
    payouts = MyPayoutOutput(many=True, help_text="The newest 100 of the period.")
    budgets = FundedBudgetOutput(many=True, help_text="Of campaigns that they pay for, as of now.")
    coupons = FundedCouponsOutput(many=True, help_text="Coupons that they honour, as of now.")
    fees = StatementFeeOutput(
        many=True, help_text="The newest 100 of the period, by their first day; none taken back."
    )
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = StatementEarningOutput(many=True)


class MemberStatementOutput(MyStatementOutput):
    lists = serializers.ListField(
        child=serializers.CharField(), help_text="The lists they are on now: whose terms they get."
    )
    page_url = serializers.CharField(
        help_text="Their own page, to be sent to them alone: whoever has the address sees it."
    )


class _Statements(EngineView):
    pagination_class = EnginePagination

    def told(self, request: Request, member: Member) -> dict[str, Any]:
        asked = (request.query_params.get(name, "") for name in ("since", "until"))
        period = period_asked(*asked, now=clock.now())
        statement = statement_of(member, period)
        return {
            "member": member.public_id,
            "since": serializers.DateTimeField().to_representation(period.since),
            "until": serializers.DateTimeField().to_representation(period.until),
            "campaigns": StatementCampaignOutput(statement.places, many=True).data,
            "totals": StatementTotalOutput(statement.totals, many=True).data,
            "balances": BalanceOutput(statement.balances, many=True).data,
            "payouts": MyPayoutOutput(statement.payouts, many=True).data,
            "budgets": FundedBudgetOutput(statement.budgets, many=True).data,
            "coupons": FundedCouponsOutput(statement.coupons, many=True).data,
            "fees": StatementFeeOutput(statement.fees, many=True).data,
            **self._earnings(request, member, period),
        }

    def _earnings(self, request: Request, member: Member, period: Period) -> dict[str, Any]:
        pages = self.pagination_class()
        rows = payables_of(member, period).select_related("payout")
        page: Any = pages.paginate_queryset(rows, request, view=self)
        shown = StatementEarningOutput(earnings(page), many=True).data
        return dict(pages.get_paginated_response(shown).data)


class MemberStatementView(_Statements):
    """What a member brought and earned in a period, newest first: a partner's statement."""

    scope = "rewards"

    @extend_schema(
        operation_id="member_statement", responses=MemberStatementOutput, parameters=PERIOD
    )
    def get(self, request: Request, external_id: str) -> Response:
        member = member_by_external_id(external_id, is_test=is_test(request))
        more = {
            "lists": list(lists_of_now(member)),
            "page_url": public_url(request, partner_path(member)),
        }
        return Response({**self.told(request, member), **more})


class MyStatementView(_Statements):
    """What I brought and earned in a period, newest first."""

    doors = (Door.MEMBER,)

    @extend_schema(operation_id="me_statement", responses=MyStatementOutput, parameters=PERIOD)
    def get(self, request: Request) -> Response:
        return Response(self.told(request, Member.objects.get(pk=acting_member_id(request))))
