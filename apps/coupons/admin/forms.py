"""Forms in an operator's words."""

import uuid
from collections.abc import Iterator
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
)

from apps.core.fields import PercentField
from apps.coupons.models import Template
from apps.coupons.rules import first_cell
from apps.coupons.services.batches import MOST

MOST_WORDS = 500
WORD_LENGTH = 100
MOST_UPLOADED = 32 * 1024 * 1024


class WordsField(forms.CharField):
    """A list of words, typed one per line or with commas."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "required": False})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = [word.strip() for word in str(value or "").replace(",", "\n").splitlines()]
        found = list(dict.fromkeys(word for word in words if word))
        if len(found) > MOST_WORDS:
            raise forms.ValidationError(f"At most {MOST_WORDS}.")
        if any(len(word) > WORD_LENGTH for word in found):
            raise forms.ValidationError(f"None is longer than {WORD_LENGTH} characters.")
        return found

    def validate(self, value: Any) -> None:
        return

    def run_validators(self, value: Any) -> None:
        for word in value:
            super().run_validators(word)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class TemplateForm(forms.ModelForm):
    percent_bps = PercentField(
        label="Percentage", max_value=100, help_text="In percent: 10 takes a tenth off."
    )
    skus = WordsField(label="Only these SKUs", help_text="One per line. Empty: any.")
    tags = WordsField(label="Only lines tagged", help_text="One per line. Empty: any.")
    not_skus = WordsField(label="Never these SKUs", help_text="One per line.")
    not_tags = WordsField(label="Never lines tagged", help_text="One per line.")

    class Meta:
        model = Template
        fields = "__all__"  # noqa: DJ007  the admin page names them

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean_issue_cap(self) -> int | None:
        return self._at_least("issue_cap", "issued", "coupons are issued already")

    def clean_guest_limit(self) -> int | None:
        return self._at_least("guest_limit", "guest_held", "are held for guests right now")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("applies") == Template.Applies.AUTOMATIC:
            if given.get("is_public") or given.get("code_source") == Template.CodeSource.POOL:
                self.add_error(
                    "applies", "What applies by itself has no codes and cannot be claimed."
                )
        return given

    def _at_least(self, field: str, counter: str, words: str) -> int | None:
        wanted: int | None = self.cleaned_data[field]
        if self.instance.pk and wanted is not None:
            rows = Template.objects.select_for_update(of=("self",), no_key=True)
            counted = rows.values_list(counter, flat=True).get(pk=self.instance.pk)
            if wanted < counted:
                raise forms.ValidationError(f"{counted} {words}.")
        return wanted


class MassIssueForm(forms.Form):
    count = forms.IntegerField(
        label="How many codes",
        min_value=1,
        max_value=MOST,
        initial=1000,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="They belong to nobody until somebody claims or redeems them.",
    )
    # Pressed twice, it is still one batch.
    key = forms.CharField(
        max_length=100, widget=forms.HiddenInput(), initial=lambda: f"admin:{uuid.uuid4().hex}"
    )


class PoolImportForm(forms.Form):
    file = forms.FileField(
        label="File with the codes",
        widget=UnfoldAdminFileFieldWidget(),
        help_text="Text or CSV, one code at the beginning of each line.",
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > MOST_UPLOADED:
            raise forms.ValidationError(
                "This is over 32 MB; import it with manage.py import_coupon_codes."
            )
        return upload

    def lines(self) -> Iterator[tuple[int, str]]:
        """Line numbers with the text up to the first comma or semicolon."""
        for number, raw in enumerate(self.cleaned_data["file"], 1):
            yield number, first_cell(raw)
