"""The form in which goodwill is proposed: to whom, what and why."""

import re
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.campaigns.models import Campaign
from apps.campaigns.rules import AwardKind
from apps.core.errors import EngineError
from apps.coupons.models import Template
from apps.members.selectors import MemberUnknown
from apps.rewards.selectors import members_by_external_ids
from apps.rewards.services import Present
from apps.rewards.services.goodwill import MOST_MEMBERS, MOST_OF_OTHERS, REASON_LENGTH
from apps.rewards.services.instruments import INSTRUMENTS

MOST_UPLOADED = 1024 * 1024
_HEADERS = ("external_id", "member", "member_id", "id")
_KINDS = {
    AwardKind.POINTS: "Points",
    AwardKind.COUPON: "A coupon",
    AwardKind.GROWTH: "Growth value",
    AwardKind.PAYABLE: "Money the shop pays out",
    AwardKind.CUSTOM: "A gift the shop hands over",
}


def _kind_choices() -> list[tuple[str, str]]:
    return [(kind.value, words) for kind, words in _KINDS.items() if kind in INSTRUMENTS]


def _template_choices() -> list[tuple[str, str]]:
    active = Template.objects.filter(
        status=Template.Status.ACTIVE, applies=Template.Applies.CLAIMED
    ).order_by("name")
    rows = active.values_list("public_id", "name", "currency", "is_test")[:500]
    named = [
        (public_id, f"{name}, {currency}{' (test)' if is_test else ''}")
        for public_id, name, currency, is_test in rows
    ]
    return [("", "–"), *named]


class CampaignField(forms.ModelChoiceField):
    """Campaigns that were published; those of test mode say so."""

    def label_from_instance(self, campaign: Campaign) -> str:
        return f"{campaign.name} (test)" if campaign.is_test else campaign.name


class GoodwillForm(forms.Form):
    """Members are pasted, or uploaded as a file, or both."""

    campaign = CampaignField(
        Campaign.objects.exclude(status=Campaign.Status.DRAFT).order_by("-pk"),
        label="Campaign",
        empty_label="Choose one",
        help_text="Its budget pays.",
        widget=UnfoldAdminSelectWidget,
    )
    kind = forms.ChoiceField(
        label="What each gets", choices=_kind_choices, widget=UnfoldAdminSelectWidget
    )
    amount = forms.IntegerField(
        label="How much for each",
        min_value=1,
        max_value=MOST_OF_OTHERS,
        initial=1,
        help_text="Points, gifts, or money in minor units: 500 is 5.00.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    coupon_template = forms.ChoiceField(
        label="Which coupon",
        required=False,
        choices=_template_choices,
        widget=UnfoldAdminSelectWidget,
    )
    gift = forms.CharField(
        label="Which gift", required=False, max_length=120, widget=UnfoldAdminTextInputWidget
    )
    gift_cost_minor = forms.IntegerField(
        label="What one gift costs",
        required=False,
        min_value=0,
        max_value=MOST_OF_OTHERS,
        help_text="In minor units, from the campaign's budget.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    members = forms.CharField(
        label="Members",
        required=False,
        max_length=MOST_MEMBERS * 130,
        help_text=f"The shop's own ids, one per line or with commas. At most {MOST_MEMBERS:,}.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text="Text or CSV, one id at the beginning of each line.",
        widget=UnfoldAdminFileFieldWidget(),
    )
    reason = forms.CharField(
        label="Why",
        max_length=REASON_LENGTH,
        help_text="For whoever has to approve it.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def clean_file(self) -> list[str]:
        """The first cell of each line."""
        upload = self.cleaned_data["file"]
        if upload is None:
            return []
        if upload.size > MOST_UPLOADED:
            raise forms.ValidationError("This is over 1 MB: a list of ids is smaller.")
        try:
            text = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("This is not a text file in UTF-8.") from None
        if "\0" in text:
            raise forms.ValidationError("This is not a text file.")
        cells = [re.split(r"[,;\t]", line, maxsplit=1)[0].strip(' "') for line in text.splitlines()]
        found = [cell for cell in cells if cell]
        return found[1:] if found and found[0].lower() in _HEADERS else found

    def clean_members(self) -> list[str]:
        pasted = re.split(r"[\n,;\t]", self.cleaned_data["members"])
        return [name.strip() for name in pasted if name.strip()]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "members" not in cleaned or "file" not in cleaned or "campaign" not in cleaned:
            return cleaned
        names = list(dict.fromkeys([*cleaned["members"], *cleaned["file"]]))
        if not 0 < len(names) <= MOST_MEMBERS:
            self.add_error("members", f"Name 1 to {MOST_MEMBERS:,} members, not {len(names):,}.")
            return cleaned
        try:
            cleaned["member_ids"] = members_by_external_ids(
                names, is_test=cleaned["campaign"].is_test
            )
        except MemberUnknown as error:
            self.add_error("members", str(error))
        return cleaned

    def present(self) -> Present:
        """What each gets; fields of other kinds are left out."""
        asked = self.cleaned_data
        kind = AwardKind(asked["kind"])
        is_gift = kind is AwardKind.CUSTOM
        return Present(
            kind=kind,
            amount=1 if kind is AwardKind.COUPON else asked["amount"],
            coupon_template=asked["coupon_template"] if kind is AwardKind.COUPON else "",
            gift=asked["gift"] if is_gift else "",
            gift_cost_minor=(asked["gift_cost_minor"] or 0) if is_gift else 0,
        )

    def blame(self, error: EngineError) -> None:
        """Show a refusal at the field it names."""
        field = error.pointer.lstrip("/").partition("/")[0]
        self.add_error(field if field in self.fields else None, str(error))
