"""What reports keep: figures too heavy for a request."""

from apps.reports.models.programme import Programme

__all__ = ["Programme"]
