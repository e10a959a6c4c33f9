"""What links, visits and touches mean: who brought somebody, and what opening a link does. Pure."""

from apps.invites.rules.attribution import (
    Attribution,
    Candidate,
    Judged,
    Source,
    Verdict,
    attribute,
)
from apps.invites.rules.links import (
    CODE_LONGEST,
    OVER,
    Afterwards,
    CampaignTerms,
    LinkKind,
    LinkTerms,
    Standing,
    code_meant,
    code_problem,
    line_problem,
    next_change,
    standing,
)
from apps.invites.rules.targets import Platform, address_problem, filled, platform_of, utm_of
from apps.invites.rules.visits import Opening, skip_reason

__all__ = [
    "CODE_LONGEST",
    "OVER",
    "Afterwards",
    "Attribution",
    "CampaignTerms",
    "Candidate",
    "Judged",
    "LinkKind",
    "LinkTerms",
    "Opening",
    "Platform",
    "Source",
    "Standing",
    "Verdict",
    "address_problem",
    "attribute",
    "code_meant",
    "code_problem",
    "filled",
    "line_problem",
    "next_change",
    "platform_of",
    "skip_reason",
    "standing",
    "utm_of",
]
