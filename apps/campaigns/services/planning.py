"""Planning a comparison of variants before it starts."""

import datetime as dt
from dataclasses import asdict, dataclass

from apps.campaigns.models import Campaign, ExperimentPlan
from apps.campaigns.services.turning import campaign_lock
from apps.core.clock import engine_now
from apps.core.errors import Conflict
from apps.core.transactions import in_transaction


class ExperimentBegun(Conflict):
    code = "experiment_begun"
    message = (
        "People can join already, so the plan is fixed: another one now would undo what makes the "
        "comparison valid at every look."
    )


@dataclass(frozen=True)
class PlanTerms:
    """What is expected, what is worth finding, and the seeds each variant needs for it."""

    baseline: float
    detectable: float
    seeds_per_day: float
    window: dt.timedelta
    seeds_per_arm: int


@in_transaction
def experiment_plan(
    *, campaign_id: int, terms: PlanTerms, operator_id: int, now: dt.datetime
) -> ExperimentPlan:
    """Keep the plan of a campaign's comparison, in place of an earlier one.

    Raises ExperimentBegun once the campaign is published and shown; CampaignUnknown. Locks the
    campaign.
    """
    campaign = campaign_lock(campaign_id)
    if not can_plan(campaign, engine_now()):
        raise ExperimentBegun()
    plan, _ = ExperimentPlan.objects.update_or_create(
        campaign=campaign,
        defaults={**asdict(terms), "planned_by_id": operator_id, "planned_at": now},
    )
    return plan


def can_plan(campaign: Campaign, at: dt.datetime) -> bool:
    """Whether nobody can have joined yet."""
    shown_from = campaign.shown_from or campaign.starts_at
    return campaign.status == Campaign.Status.DRAFT or at < shown_from
