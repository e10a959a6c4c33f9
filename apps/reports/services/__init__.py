"""What reports write: figures that are computed ahead."""

from apps.reports.services.programme import (
    programme_ask,
    programme_compute,
    programmes_due,
)

__all__ = ["programme_ask", "programme_compute", "programmes_due"]
