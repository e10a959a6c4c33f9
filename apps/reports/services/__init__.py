from apps.reports.services.shares import report_share, report_share_opened, report_share_revoke

__all__ = ["report_share", "report_share_opened", "report_share_revoke"]
