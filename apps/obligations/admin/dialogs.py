"""Small forms behind a button of a page."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.core.admin import run_on_each


def _few_lines() -> UnfoldAdminTextareaWidget:
    return UnfoldAdminTextareaWidget(attrs={"rows": 3})


class NoteForm(BaseDialogForm):
    note = forms.CharField(max_length=300, required=False, widget=_few_lines())


class ReasonForm(BaseDialogForm):
    note = forms.CharField(label="Why", max_length=300, widget=_few_lines())


class PaidForm(NoteForm):
    reference = forms.CharField(
        label="Number of the payment",
        max_length=100,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )


def stands_at(page: ModelAdmin, request: HttpRequest, object_id: Any, status: str) -> bool:
    """Whether the row of this page has this status: only then its buttons are of use."""
    row = page.get_object(request, str(object_id))
    return row is not None and row.status == status


def run_dialog(
    page: ModelAdmin,
    request: HttpRequest,
    object_id: str,
    call: Callable[[Any], object],
    done: str,
) -> HttpResponse:
    """Call a service for the row of this page, tell how it went, and show the row again."""
    row = page.get_object(request, object_id)
    rows = [row] if row is not None else []
    run_on_each(page, request, rows, call, done)
    meta = page.model._meta
    here = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[object_id])
    return HttpResponse(headers={"HX-Redirect": here})
