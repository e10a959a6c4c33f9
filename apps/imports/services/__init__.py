"""Bringing a shop's history in, without rewards. Run twice, it changes nothing."""

from apps.imports.services.history import (
    Order,
    Refused,
    Tally,
    history_import,
    history_steps,
)
from apps.imports.services.uploads import (
    Progress,
    UploadBusy,
    UploadForgotten,
    UploadNeedsAnother,
    UploadNotChecked,
    upload_bring_in,
    upload_check,
    upload_keep,
    uploads_forget,
)

__all__ = [
    "Order",
    "Progress",
    "Refused",
    "Tally",
    "UploadBusy",
    "UploadForgotten",
    "UploadNeedsAnother",
    "UploadNotChecked",
    "history_import",
    "history_steps",
    "upload_bring_in",
    "upload_check",
    "upload_keep",
    "uploads_forget",
]
