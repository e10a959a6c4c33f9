"""What of grants hangs on a campaign, and what its budget goes into."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db.models import Sum

from apps.campaigns.effects import BudgetPart, Counted, Effect, Turn
from apps.rewards.models import Grant


def _grants(status: Grant.Status) -> Callable[[Sequence[int]], Counted]:
    def count(campaign_ids: Sequence[int]) -> Counted:
        grants = Grant.objects.filter(campaign__in=campaign_ids, status=status)
        sums = grants.values_list("campaign__currency").annotate(total=Sum("cost_minor"))
        return Counted(grants.count(), dict(sums.order_by("campaign__currency")))

    return count


EFFECTS = (
    Effect(
        "Pending grants",
        _grants(Grant.Status.PENDING),
        {
            Turn.PAUSE: "They settle when their hold ends, or are taken back with a refund.",
            Turn.END: "They settle when their hold ends, or are taken back with a refund.",
            Turn.STOP: "None settles. Refunds still take back. They settle once it is lifted.",
            Turn.LIFT: "Those whose hold has ended meanwhile settle at once.",
        },
        70,
    ),
    Effect(
        "Grants in review",
        _grants(Grant.Status.REVIEW),
        {
            Turn.PAUSE: "They wait for whoever reviews them.",
            Turn.END: "They wait for whoever reviews them.",
            Turn.STOP: "They wait for whoever reviews them.",
        },
        80,
    ),
)


def budget_parts(campaign_id: int) -> list[BudgetPart]:
    """What each kind of award has reserved and spent of a campaign's budget."""
    sums = (
        Grant.objects.filter(campaign=campaign_id, cost_minor__gt=0)
        .values_list("kind", "status")
        .annotate(total=Sum("cost_minor"))
        .order_by("kind", "status")
    )
    reserved: dict[str, int] = defaultdict(int)
    spent: dict[str, int] = defaultdict(int)
    for kind, status, total in sums:
        waits = status in (Grant.Status.PENDING, Grant.Status.REVIEW)
        (reserved if waits else spent)[kind] += total
    return [BudgetPart(kind, reserved[kind], spent[kind]) for kind in sorted({*reserved, *spent})]
