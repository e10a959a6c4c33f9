"""Where a campaign's links lead on each platform, and the pictures they carry."""

import base64
from collections.abc import Callable
from typing import IO, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldBooleanSwitchWidget

from apps.core import clock
from apps.core.admin import EngineAdmin, EngineStackedInline
from apps.invites.models import Landing, Target
from apps.invites.uploads import PictureRefused, logo_from, picture_from


class PictureField(forms.FileField):
    """A picture as a file, read and drawn anew by `draw`; its bytes, or None where none was chosen."""

    widget = UnfoldAdminFileFieldWidget

    def __init__(self, draw: Callable[[IO[bytes]], bytes], **given: Any) -> None:
        self._draw = draw
        widget = UnfoldAdminFileFieldWidget(attrs={"accept": "image/png,image/jpeg,image/webp"})
        super().__init__(required=False, widget=widget, **given)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, None)
        if not file:
            return None
        try:
            return self._draw(file)
        except PictureRefused as error:
            raise forms.ValidationError(str(error)) from error


class LandingForm(forms.ModelForm):
    new_logo = PictureField(
        logo_from,
        label="New logo",
        help_text="In the middle of QR codes; square is best. PNG, JPEG or WebP, at most 5 MB.",
    )
    new_picture = PictureField(
        picture_from,
        label="New picture",
        help_text="At the head of posters, cut to 16 : 9. PNG, JPEG or WebP, at most 5 MB.",
    )
    without_logo = forms.BooleanField(
        label="Take the logo off", required=False, widget=UnfoldBooleanSwitchWidget
    )
    without_picture = forms.BooleanField(
        label="Take the picture off", required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = Landing
        fields = ("campaign",)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        for which in ("logo", "picture"):
            if self.cleaned_data.get(f"without_{which}"):
                setattr(self.instance, which, None)
            elif drawn := self.cleaned_data.get(f"new_{which}"):
                setattr(self.instance, which, drawn)


class TargetInline(EngineStackedInline):
    model = Target
    fields = ("platform", "address", "store_address")
    max_num = 4
    labels = {"store_address": "Where to get the app"}
    help_texts = {
        "address": "https://…, or a scheme of APP_SCHEMES: weixin://dl/business/?…&query={query}. "
        "Without places such as {visit} the engine adds them to the query.",
        "store_address": "The app store, for who has not got the app: …&referrer={query} tells the "
        "app later whose link it was.",
    }


@admin.register(Landing)
class LandingAdmin(EngineAdmin):
    form = LandingForm
    list_display = ("campaign", "platforms", "updated_at")
    list_select_related = ("campaign",)
    search_fields = ("campaign__name", "campaign__public_id")
    ordering = ("-id",)
    inlines = (TargetInline,)
    readonly_fields = ("logo_shown", "picture_shown")

    def get_fieldsets(self, request: HttpRequest, obj: Landing | None = None) -> Any:
        """What there is to be seen, or taken off, is there only with a picture."""
        kept = [which for which in ("logo", "picture") if obj and getattr(obj, which)]
        rows = (
            tuple(f"{which}_shown" for which in kept),
            ("new_logo", "new_picture"),
            tuple(f"without_{which}" for which in kept),
        )
        return (
            (None, {"fields": ("campaign",)}),
            ("Pictures", {"fields": tuple(row for row in rows if row)}),
        )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("targets")

    def get_readonly_fields(self, request: HttpRequest, obj: Landing | None = None) -> Any:
        return (*self.readonly_fields, "campaign") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Landing, form: Any, change: bool) -> None:
        obj.updated_at = clock.now()
        obj.save()

    @admin.display(description="Leads somewhere of its own on")
    def platforms(self, landing: Landing) -> str:
        named = [target.get_platform_display() for target in landing.targets.all()]
        return ", ".join(named) or "nowhere: to the shop, everywhere"

    @admin.display(description="Logo")
    def logo_shown(self, landing: Landing) -> str:
        return _shown(landing.logo, "image/png", 96)

    @admin.display(description="Picture")
    def picture_shown(self, landing: Landing) -> str:
        return _shown(landing.picture, "image/jpeg", 240)


def _shown(content: bytes | memoryview | None, kind: str, width: int) -> str:
    if not content:
        return "none"
    encoded = base64.b64encode(bytes(content)).decode()
    return format_html('<img src="data:{};base64,{}" width="{}" alt="">', kind, encoded, width)
