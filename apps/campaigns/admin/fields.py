"""Form fields that say a stored number or list the way an operator would."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

DAY = 86_400
MOST_WORDS = 50
WORD_LENGTH = 40
MOST_NUMBERS = 50
LARGEST_NUMBER = 1_000_000
LONGEST_HOLD_DAYS = 3_660


class ListField(forms.CharField):
    """A list typed with commas between, stored as a list."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"required": False, **given})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        parts = [part.strip() for part in str(value or "").replace("，", ",").split(",")]
        return list(dict.fromkeys(part for part in parts if part))

    def run_validators(self, value: Any) -> None:
        """Each part is checked where the list is read."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return list(initial or []) != self.clean(data)
        except forms.ValidationError:
            return True


class WordsField(ListField):
    """Words such as tags or channels."""

    def to_python(self, value: Any) -> Any:
        words: list[str] = super().to_python(value)
        if len(words) > MOST_WORDS:
            raise forms.ValidationError(f"At most {MOST_WORDS} words.")
        for word in words:
            if len(word) > WORD_LENGTH:
                raise forms.ValidationError(
                    f"“{word[:WORD_LENGTH]}…” is longer than {WORD_LENGTH} characters: are there "
                    "commas between the words?"
                )
            if not word.isprintable():
                raise forms.ValidationError("A word has a character that cannot be printed.")
        return words


class NumbersField(ListField):
    """Whole numbers from 1, kept in their order of size."""

    def to_python(self, value: Any) -> Any:
        parts: list[str] = super().to_python(value)
        for part in parts:
            if not (part.isascii() and part.isdecimal() and len(part) <= 7):
                raise forms.ValidationError(
                    f"“{part}” is no number: type whole numbers with commas between, as 5, 10, 20."
                )
            if not 1 <= int(part) <= LARGEST_NUMBER:
                raise forms.ValidationError(f"Numbers lie between 1 and {LARGEST_NUMBER:,}.")
        if len(parts) > MOST_NUMBERS:
            raise forms.ValidationError(f"At most {MOST_NUMBERS} numbers.")
        return sorted({int(part) for part in parts})


class _DaysAndHours(forms.MultiWidget):
    template_name = "campaigns/days_and_hours.html"

    def __init__(self) -> None:
        super().__init__(
            widgets=(
                UnfoldAdminIntegerFieldWidget(attrs={"min": 0, "aria-label": "Days"}),
                UnfoldAdminDecimalFieldWidget(
                    attrs={"min": 0, "step": "any", "aria-label": "Hours"}
                ),
            )
        )

    def decompress(self, value: Any) -> list[Any]:
        if value is None:
            return [None, None]
        whole = value.total_seconds() if isinstance(value, dt.timedelta) else value
        days, seconds = divmod(int(whole), DAY)
        return [days, f"{(Decimal(seconds) / 3600).quantize(Decimal('0.0001')).normalize():f}"]


class HoldField(forms.MultiValueField):
    """Seconds, typed as days and hours."""

    def __init__(self, **given: Any) -> None:
        fields = (
            forms.IntegerField(min_value=0, max_value=LONGEST_HOLD_DAYS, required=False),
            forms.DecimalField(min_value=0, max_value=1_000, required=False),
        )
        super().__init__(
            fields,
            **{"required": False, "require_all_fields": False, **given},
            widget=_DaysAndHours(),
        )

    def compress(self, values: list[Any]) -> int:
        days, hours = [*values, None, None][:2]
        return int(days or 0) * DAY + round((hours or Decimal()) * 3600)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


class SpanField(HoldField):
    """A length of time, typed as days and hours; nothing typed is none."""

    def __init__(self, **given: Any) -> None:
        given.pop("widget", None)  # the admin's own for a length of time, which is one box
        super().__init__(**given)

    def compress(self, values: list[Any]) -> dt.timedelta | None:  # type: ignore[override]
        if all(value is None for value in values):
            return None
        return dt.timedelta(seconds=super().compress(values))
