"""Parts of the report as the API gives them, beyond its counts."""

from typing import Any

from rest_framework import serializers

from apps.reports.viral.figures import Reason

REASONS = "One of: " + ", ".join(Reason)


class FigureOutput(serializers.Serializer[Any]):
    """A number with its 95 % interval; what is null is said in `reason` (a word) and `why`."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text=REASONS)
    why = serializers.CharField()


class CycleTimeOutput(serializers.Serializer[Any]):
    """Days from a participant's confirmation to their referee's."""

    median = FigureOutput()
    p90 = FigureOutput()
    mean = FigureOutput()


class MatureStepOutput(serializers.Serializer[Any]):
    step = serializers.CharField(source="name")
    count = serializers.IntegerField()
    rate = FigureOutput(help_text="Per unit of the step before.")


class MatureChainOutput(serializers.Serializer[Any]):
    """Of participants whose whole attribution window is over: each step, and their product, which is
    how many confirmed people each of them brought."""

    steps = MatureStepOutput(many=True)
    product = FigureOutput()


class ConcentrationOutput(serializers.Serializer[Any]):
    """The smallest share of participants who brought 80 % of all referees, beside what two models
    would give: people of unlike pull, and chance alone."""

    observed = FigureOutput()
    negative_binomial = FigureOutput()
    poisson = FigureOutput()


class BandOutput(serializers.Serializer[Any]):
    day = serializers.IntegerField(help_text="Days from now.")
    low = serializers.FloatField()
    median = serializers.FloatField()
    high = serializers.FloatField()


class ForecastOutput(serializers.Serializer[Any]):
    """Participants in the end and on the way there, if things go on as they are and no new seeds come."""

    participants = serializers.IntegerField(help_text="Those confirmed when it was counted.")
    final = FigureOutput()
    fan = BandOutput(many=True)


class GrownOutput(serializers.Serializer[Any]):
    """Participants at the end of each day, in the campaign's time zone."""

    days = serializers.ListField(child=serializers.DateField())
    everybody = serializers.ListField(child=serializers.IntegerField())
    seeds = serializers.ListField(child=serializers.IntegerField())


class SpentOutput(serializers.Serializer[Any]):
    """What rewards had cost by the end of each day, less what was taken back since."""

    days = serializers.ListField(child=serializers.DateField())
    promised_minor = serializers.ListField(child=serializers.IntegerField(), source="promised")
    settled_minor = serializers.ListField(child=serializers.IntegerField(), source="settled")


class RewardCostOutput(serializers.Serializer[Any]):
    """In minor units of the campaign's currency; a member costs group discounts and costs outside too."""

    reward_per_referee = FigureOutput(source="reward")
    per_member = FigureOutput(source="member")
    payback_days = FigureOutput(source="payback")
