"""What payouts and fulfilments share: buttons that resolve a row, and the small forms behind them."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.core import clock
from apps.core.admin import FactAdmin, run_on_each


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


def dialog(
    noun: str, became: str, description: str, form_class: type[BaseDialogForm]
) -> dict[str, Any]:
    """The dialog behind a button that resolves a row: it says what is true from then on."""
    return {
        "title": f"This {noun} {became}",
        "description": f"That is final. {description}",
        "form_class": form_class,
        "form_submit_text": f"It {became}",
    }


class RequestedAdmin(FactAdmin):
    """Rows the shop is asked about, and resolves once: by a button of the row, or many at a time."""

    def has_resolve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Buttons are of use only while the row is requested."""
        if object_id:
            row = self.get_object(request, str(object_id))
            if row is None or row.status != "requested":
                return False
        meta = self.model._meta
        return bool(request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}"))

    def resolve(
        self,
        request: HttpRequest,
        service: Callable[..., object],
        done: str,
        form: BaseDialogForm,
        object_id: str,
    ) -> HttpResponse:
        """Call a service for the row of this page with what was typed, and show the row again."""
        row = self.get_object(request, object_id)
        rows = [row] if row is not None else []
        typed = {name: form.cleaned_data[name] for name in form.base_fields if name[0] != "_"}
        self._call(request, service, rows, done, "", typed)
        meta = self.model._meta
        here = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": here})

    def resolve_each(
        self,
        request: HttpRequest,
        service: Callable[..., object],
        queryset: QuerySet[Any],
        done: str,
        one_done: str,
    ) -> None:
        """Call a service for each chosen row."""
        self._call(request, service, queryset.select_related("member"), done, one_done, {})

    def _call(
        self,
        request: HttpRequest,
        service: Callable[..., object],
        rows: Iterable[Any],
        done: str,
        one_done: str,
        typed: dict[str, Any],
    ) -> None:
        def call(row: Any) -> object:
            return service(
                public_id=row.public_id, is_test=row.member.is_test, now=clock.now(), **typed
            )

        run_on_each(self, request, rows, call, done, one_done)
