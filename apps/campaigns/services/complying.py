"""The compliance check of a campaign as it is drafted, and operators' reasons against it."""

import datetime as dt

from apps.campaigns import events
from apps.campaigns.models import Budget, Campaign, ComplianceOverride
from apps.campaigns.rules import CampaignTerms, Finding, Severity, check
from apps.campaigns.selectors import overrides_of
from apps.campaigns.services.drafting import draft_terms
from apps.campaigns.services.turning import campaign_lock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.services import event_record
from apps.core.transactions import in_transaction

REASON_LENGTH = 300


class ComplianceBlocks(Conflict):
    code = "compliance_blocks"


class FindingUnknown(NotFound):
    code = "finding_unknown"
    message = "The campaign has no such blocking finding now."


class FindingFinal(Conflict):
    code = "finding_final"
    message = "Nobody can override this: change the campaign."


class OverrideNeedsReason(Invalid):
    code = "override_needs_reason"
    message = f"Give a reason, of at most {REASON_LENGTH} characters."


class AlreadyOverridden(Conflict):
    code = "already_overridden"
    message = "Somebody has already given a reason for this."


def campaign_findings(campaign: Campaign) -> tuple[Finding, ...]:
    """What the compliance check finds in the campaign as it is drafted. Raises TemplateUnknown."""
    budget = Budget.objects.filter(campaign=campaign).values_list("amount_minor", flat=True)
    terms = CampaignTerms(
        levels=campaign.levels,
        joins_by_buying=campaign.qualifying_act != Campaign.QualifyingAct.JOIN,
        keep_seconds=int(campaign.keep_window.total_seconds()),
        budget_minor=budget.first(),
        cost_of_1000_points_minor=campaign.cost_of_1000_points_minor,
    )
    return check(terms, draft_terms(campaign))


def findings_blocking(campaign: Campaign) -> list[Finding]:
    """The blocking findings nobody gave a reason for. Raises TemplateUnknown."""
    overridden = overrides_of(campaign)
    return [
        finding
        for finding in campaign_findings(campaign)
        if finding.severity is Severity.BLOCKING
        and (finding.is_final or (finding.code, finding.policy) not in overridden)
    ]


def require_compliance(campaign: Campaign) -> None:
    """Raises ComplianceBlocks while a blocking finding has no override."""
    blocking = findings_blocking(campaign)
    if blocking:
        named = "; ".join(
            f"“{finding.policy_name}”: {finding.wrong}" if finding.policy_name else finding.wrong
            for finding in blocking
        )
        raise ComplianceBlocks(f"The compliance check blocks it. {named}")


@in_transaction
def compliance_override(
    *, campaign_id: int, finding: str, policy: str, reason: str, operator_id: int, now: dt.datetime
) -> ComplianceOverride:
    """Keep an operator's reason to publish against a blocking finding, for good.

    `policy` is the public id the finding is about, "" for the campaign. Raises FindingUnknown when
    the campaign as drafted has no such blocking finding, FindingFinal, OverrideNeedsReason,
    AlreadyOverridden. Locks the campaign.
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise OverrideNeedsReason(pointer="/reason")
    campaign = campaign_lock(campaign_id)
    found = next(
        (
            row
            for row in campaign_findings(campaign)
            if (row.code, row.policy) == (finding, policy) and row.severity is Severity.BLOCKING
        ),
        None,
    )
    if found is None:
        raise FindingUnknown()
    if found.is_final:
        raise FindingFinal()
    if (finding, policy) in overrides_of(campaign):
        raise AlreadyOverridden()
    override = ComplianceOverride.objects.create(
        campaign=campaign,
        finding=finding,
        policy=policy,
        reason=reason,
        overridden_by_id=operator_id,
        overridden_at=now,
    )
    event_record(
        key=f"{events.OVERRIDDEN}:{override.pk}",
        kind=events.OVERRIDDEN,
        payload={"campaign": campaign.public_id, "finding": finding, "policy": policy},
        occurred_at=now,
        is_test=campaign.is_test,
    )
    return override
