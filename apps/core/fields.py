"""Form fields that say a stored number the way an operator would."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget


class PercentField(forms.DecimalField):
    """Hundredths of a percent, shown as percent: 250 is 2.5. Empty is 0."""

    widget = UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01", "suffix": "%"})

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"required": False, "min_value": 0, "decimal_places": 2, **given})

    def prepare_value(self, value: Any) -> Any:
        return f"{Decimal(value) / 100:f}" if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        percent = super().clean(value)
        return 0 if percent is None else int(percent * 100)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != (initial or 0))
        except forms.ValidationError:
            return True
