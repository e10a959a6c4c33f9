"""The facts this app records."""

PUBLISHED = "campaign.published"
BUDGET_WARNED = "budget.warned"
BUDGET_TAIL_REACHED = "budget.tail_reached"
OVERRIDDEN = "campaign.compliance_overridden"
