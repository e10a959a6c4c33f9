"""Door: the programme report."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api import EngineView
from apps.core.callers import is_test
from apps.reports.api import FigureOutput
from apps.reports.programme.shapes import Source
from apps.reports.selectors.programmes import ProgrammeUnknown, figures_of, programme_latest

SOURCES = "By source: " + ", ".join(Source)


class ProgrammeNewMembersOutput(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="The month's first day.")
    members = serializers.IntegerField()
    by_source = serializers.DictField(child=serializers.IntegerField(), help_text=SOURCES)
    referred = FigureOutput(help_text="The share somebody's link brought.")


class ProgrammeCohortOutput(serializers.Serializer[Any]):
    """Members by the month of their first order that was kept."""

    month = serializers.DateField()
    members = serializers.IntegerField()
    orders = serializers.IntegerField()
    kept_minor = serializers.IntegerField(help_text="Revenue: paid and not refunded.")
    margin_minor = serializers.IntegerField(
        allow_null=True, help_text="Of the revenue whose margin is known; null if of none."
    )
    margin_known = FigureOutput(help_text="Of what share of the revenue the margin is known.")
    per_member_minor = FigureOutput(help_text="Of the report's measure.")
    first_spans_minor = FigureOutput(help_text="Of each within the first three spans.")
    cells = FigureOutput(
        many=True,
        help_text="The share who bought again in each span after their first order; too early until "
        "all have had it.",
    )


class ProgrammeTestedOutput(serializers.Serializer[Any]):
    repeats = serializers.IntegerField(help_text="Before the cut; 7 is seven and more.")
    members = serializers.IntegerField()
    actual = FigureOutput(help_text="Purchases of each after the cut.")
    foretold = FigureOutput()


class ProgrammeBacktestOutput(serializers.Serializer[Any]):
    """The days after a cut, foretold from those before it, beside what came."""

    cut = serializers.DateField(allow_null=True)
    days = serializers.IntegerField()
    members = serializers.IntegerField()
    actual = serializers.IntegerField(help_text="Purchases after the cut.")
    foretold = FigureOutput()
    error = FigureOutput(help_text="foretold ÷ actual − 1")
    actual_minor = serializers.IntegerField(
        help_text="The money of these, of the report's measure."
    )
    foretold_minor = FigureOutput()
    error_minor = FigureOutput()
    rows = ProgrammeTestedOutput(many=True)


class ProgrammeWorthOutput(serializers.Serializer[Any]):
    """What members are still worth: BG/NBD and Gamma-Gamma, after the discount of each 30 days."""

    members = serializers.IntegerField()
    fitted = serializers.IntegerField(help_text="A fair sample, where it is fewer.")
    days = serializers.IntegerField(help_text="How far ahead.")
    discount = serializers.FloatField()
    parameters = serializers.DictField(child=serializers.FloatField())
    active = FigureOutput(help_text="The share who still buy at all (MBG/NBD).")
    each_minor = FigureOutput()
    brought_minor = FigureOutput(help_text="Each of those somebody's link brought.")
    others_minor = FigureOutput()
    all_minor = FigureOutput()
    dependence = serializers.CharField(help_text="Whether the models' assumption holds.")
    dependence_holds = serializers.BooleanField()
    backtest = ProgrammeBacktestOutput()


class ProgrammeSegmentOutput(serializers.Serializer[Any]):
    segment = serializers.CharField()
    members = serializers.IntegerField()
    share = FigureOutput()
    days_since = FigureOutput(help_text="Since the last purchase, on average.")
    orders_each = FigureOutput()
    kept_each_minor = FigureOutput()


class ProgrammeChainStepOutput(serializers.Serializer[Any]):
    step = serializers.CharField()
    meaning = serializers.CharField()
    members = serializers.IntegerField()
    share = FigureOutput(help_text="Of those acquired.")


class ProgrammeChainStepsOutput(serializers.Serializer[Any]):
    """Acquisition, activation, retention, referral, revenue of who appeared on these days."""

    first = serializers.DateField(allow_null=True)
    last = serializers.DateField(allow_null=True)
    watched_days = serializers.IntegerField(help_text="For so many days, each of them.")
    steps = ProgrammeChainStepOutput(many=True)
    each_minor = FigureOutput(help_text="What each of those acquired was worth in these days.")


class ProgrammeOutput(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField()
    computed_at = serializers.DateTimeField()
    time_zone = serializers.CharField(help_text="Whose months these are.")
    currency = serializers.CharField(allow_blank=True)
    measure = serializers.CharField(help_text="What money is of here: `revenue` or `margin`.")
    margin_known = FigureOutput(
        help_text="Of what share of the revenue the margin is known: from 0.9 on money is margin."
    )
    orders = serializers.IntegerField(help_text="All that are kept, at least in part.")
    other_currencies = serializers.IntegerField(help_text="Orders whose money counts nowhere.")
    span_days = serializers.IntegerField()
    members = ProgrammeNewMembersOutput(many=True)
    referred = FigureOutput()
    cohorts = ProgrammeCohortOutput(many=True)
    cohorts_brought = ProgrammeCohortOutput(
        many=True, help_text="Of those somebody's link brought."
    )
    bought_before = serializers.IntegerField(
        help_text="Buyers whose first order was before the engine: in no cohort and no forecast."
    )
    worth = ProgrammeWorthOutput()
    segments = ProgrammeSegmentOutput(many=True)
    chain = ProgrammeChainStepsOutput()


class ProgrammeView(EngineView):
    """The shop's whole programme, as it was computed last night: members, cohorts, worth, chain.

    Of live members only; in test mode there is none.
    """

    scope = "reports"

    @extend_schema(operation_id="reports_programme", responses=ProgrammeOutput)
    def get(self, request: Request) -> Response:
        if is_test(request):
            raise ProgrammeUnknown("Test members count nowhere, so there is no report of them.")
        latest = programme_latest()
        if latest is None:
            raise ProgrammeUnknown()
        figures = figures_of(latest) | {"computed_at": latest.computed_at}
        return Response(ProgrammeOutput(figures).data)
