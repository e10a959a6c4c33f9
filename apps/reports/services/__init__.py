"""What reports write: rollups (marked, folded, built anew), alerts, the programme's figures that are
computed ahead, what of a report is counted ahead, links to shared reports."""

from apps.reports.services.ahead import ahead_count, report_read
from apps.reports.services.alerting import alerts_find
from apps.reports.services.folding import (
    campaign_fold,
    campaigns_fold,
    order_mark,
    participant_mark,
)
from apps.reports.services.grants import grant_mark
from apps.reports.services.programme import programme_ask, programme_compute, programmes_due
from apps.reports.services.reaching import journals_fold
from apps.reports.services.rebuilding import campaign_rebuild
from apps.reports.services.shares import report_share, report_share_opened, report_share_revoke

__all__ = [
    "ahead_count",
    "alerts_find",
    "campaign_fold",
    "campaign_rebuild",
    "campaigns_fold",
    "grant_mark",
    "journals_fold",
    "order_mark",
    "participant_mark",
    "programme_ask",
    "programme_compute",
    "programmes_due",
    "report_read",
    "report_share",
    "report_share_opened",
    "report_share_revoke",
]
