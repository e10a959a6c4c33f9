"""Forms to make links with: one by hand, or many from a file."""

import io
from dataclasses import replace
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from apps.campaigns.models import Campaign
from apps.core.errors import NotFound
from apps.invites.models import Link
from apps.invites.models.links import AFTERWARDS, LINK_KINDS
from apps.invites.rules import Afterwards, LinkKind, code_meant
from apps.invites.services import NewLink
from apps.members.models import Member
from apps.members.selectors import member_by_external_id

MOST_UPLOADED = 2 * 1024 * 1024
MOST_CAMPAIGNS = 500


def _campaigns() -> list[tuple[Any, str]]:
    open_ones = Campaign.objects.exclude(published_version=None).exclude(
        status=Campaign.Status.ENDED
    )
    rows = open_ones.order_by("-pk").values_list("pk", "name", "is_test")[:MOST_CAMPAIGNS]
    return [("", "–"), *((pk, f"{name} (test)" if test else name) for pk, name, test in rows)]


class CampaignForm(forms.Form):
    campaign = forms.ChoiceField(
        choices=_campaigns,
        widget=UnfoldAdminSelectWidget,
        help_text="It must run or be pre-heated: whoever gets a link takes part.",
    )

    def clean_campaign(self) -> Campaign:
        return Campaign.objects.get(pk=self.cleaned_data["campaign"])


def _line(label: str, longest: int, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=help_text,
    )


class NewLinkForm(CampaignForm):
    member = forms.CharField(
        label="Whose",
        max_length=128,
        widget=UnfoldAdminTextInputWidget,
        help_text="The shop's own id, or mem_…. A store or a stream is a member, too.",
    )
    kind = forms.ChoiceField(
        label="A link of",
        choices=[(kind.value, words) for kind, words in LINK_KINDS.items()],
        initial=LinkKind.PARTNER.value,
        widget=UnfoldAdminSelectWidget,
    )
    reference = _line("Which one", 64, "Your own name or number of the store, stream, offer …")
    channel = _line("Channel", 32, "Of its visits, where the address names no other.")
    label = _line("Label", 80, "What you call it. Shoppers do not see it.")
    code = _line("Code", 32, "Small letters, digits, hyphens: ann-tea. Empty: one is drawn.")
    starts_at = forms.SplitDateTimeField(
        label="Opens", required=False, widget=UnfoldAdminSplitDateTimeWidget
    )
    expires_at = forms.SplitDateTimeField(
        label="Expires", required=False, widget=UnfoldAdminSplitDateTimeWidget
    )
    max_opens = forms.IntegerField(
        label="Opens at most",
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Counted visits. Empty: any number.",
    )
    afterwards = forms.ChoiceField(
        label="Afterwards",
        choices=[(end.value, words) for end, words in AFTERWARDS.items()],
        widget=UnfoldAdminSelectWidget,
        help_text="What whoever opens it later gets, while the campaign goes on.",
    )

    def clean_code(self) -> str:
        return code_meant(self.cleaned_data["code"])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        try:
            given["member"] = _member(given["member"], is_test=self.campaign_meant().is_test)
        except NotFound as error:
            self.add_error("member", str(error))
        return given

    def campaign_meant(self) -> Campaign:
        """The campaign in which whoever gets the link takes part."""
        campaign: Campaign = self.cleaned_data["campaign"]
        return campaign

    def wanted(self) -> NewLink:
        """The link that was asked for."""
        given = self.cleaned_data
        same = ("reference", "channel", "label", "code", "starts_at", "expires_at", "max_opens")
        return NewLink(
            kind=LinkKind(given["kind"]),
            afterwards=Afterwards(given["afterwards"]),
            **{name: given[name] for name in same},
        )


class RoomLinkForm(NewLinkForm):
    """The same, of one room and its campaign."""

    campaign = None  # type: ignore[assignment]  # so a form takes a field of its parent away

    def __init__(self, *args: Any, room: str, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._room, self._campaign = room, campaign

    def campaign_meant(self) -> Campaign:
        return self._campaign

    def wanted(self) -> NewLink:
        return replace(super().wanted(), room=self._room)


def _member(text: str, *, is_test: bool) -> Member:
    """Whom an operator means. Raises MemberUnknown."""
    found = Member.objects.filter(public_id=text, is_test=is_test).first()
    return found or member_by_external_id(text, is_test=is_test)


class ManyLinksForm(CampaignForm):
    file = forms.FileField(
        label="CSV file",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}),
        help_text="In UTF-8, with a header; at most 1,000 lines.",
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > MOST_UPLOADED:
            raise forms.ValidationError("This is over 2 MB: bring it in parts.")
        return upload

    def source(self) -> io.StringIO:
        """The text of the file; what is no UTF-8 in it is marked, so its cell is refused."""
        text = self.cleaned_data["file"].read().decode("utf-8-sig", errors="replace")
        return io.StringIO(text, newline="")


class LinkForm(forms.ModelForm):
    """What of a link can be changed later."""

    class Meta:
        model = Link
        fields = ("label", "starts_at", "expires_at", "max_opens", "afterwards")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        expires = given.get("expires_at")
        changed = "expires_at" in self.changed_data
        if changed and expires is not None and expires <= timezone.now():
            self.add_error("expires_at", "To end it now, revoke it: then its page says so.")
        return given
