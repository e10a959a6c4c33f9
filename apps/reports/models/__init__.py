from apps.reports.models.shares import SharedReport

__all__ = ["SharedReport"]
