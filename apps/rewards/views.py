"""An operator's two questions about a campaign: what would happen, and what would have happened.

The pages hang on the campaign in the admin; `reports.admin`, which is above, puts them there.
"""

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from apps.campaigns.models import Audience, Campaign
from apps.campaigns.rules import Beneficiary, LineFacts, OrderFacts, RoomFacts, Trigger
from apps.core import clock
from apps.core.errors import EngineError
from apps.members.models import Member
from apps.members.selectors import MemberUnknown, member_by_external_id
from apps.rewards.previewing import (
    Hypothesis,
    Promise,
    draft_promise,
    preview,
    published_promise,
)
from apps.rewards.simulation import (
    MOST_DAYS,
    Progress,
    Question,
    Simulated,
    question_of,
    simulation_run,
)
from apps.rewards.telling import answer_of, told

MAX_MINOR = 10**15
MAX_NTH = 2**31 - 1
DAYS = 30
_BY = (("draft", "As edited now"), ("published", "As published"))
_TRIGGERS = (
    (Trigger.JOINED, "somebody joins"),
    (Trigger.ORDER_PAID, "an order is paid"),
    (Trigger.FRIEND_CONFIRMED, "a friend is confirmed"),
    (Trigger.FRIEND_BOUGHT, "a friend buys"),
    (Trigger.ROOM_OPENED, "a host opens a room"),
    (Trigger.ROOM_COMPLETED, "a room is complete"),
    (Trigger.TIER_REACHED, "a tier is reached"),
    (Trigger.CHECKED_IN, "somebody checks in"),
    (Trigger.BIRTHDAY, "it is their birthday"),
)
_OTHERS = (
    (Beneficiary.REFERRER, "a referrer"),
    (Beneficiary.SECOND_REFERRER, "the referrer's referrer"),
    (Beneficiary.INVITER, "a seat's inviter"),
    (Beneficiary.HOST, "a room's host"),
)


def _text(label: str, help_text: str = "", **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        **{"max_length": 128, **more},
    )


def _number(label: str, help_text: str = "", **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        widget=UnfoldAdminIntegerFieldWidget(),
        **{"required": False, "min_value": 1, "max_value": MAX_NTH, **more},
    )


def _choice(label: str, choices: Any, help_text: str = "", **more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, help_text=help_text, widget=UnfoldAdminSelectWidget(), **more
    )


class WhatIfForm(forms.Form):
    """A fact to suppose. What is left empty is as it is for the member, or as usual."""

    by = _choice("Policies", _BY)
    trigger = _choice("Fact", [(trigger.value, words) for trigger, words in _TRIGGERS])
    member = _text("Member", "The shop's id of somebody real. Empty: somebody made up.")
    people = forms.MultipleChoiceField(
        label="Who else there is",
        required=False,
        choices=[(who.value, words) for who, words in _OTHERS],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="None ticked: a real member's own people; with somebody made up, all of them.",
    )
    amount_minor = _number(
        "Order", "What was paid, in minor units: 5000 is 50.00.", min_value=0, max_value=MAX_MINOR
    )
    order_nth = _number("Their order number", "1 is a first order. Empty: the next one.")
    tags = _text("Product tags", "Of the whole order, with commas between.", max_length=600)
    size = _number("Seats of the room", max_value=100)
    kept_seats = _number("Seats paid", "Empty: all of them.", min_value=0, max_value=100)
    act_nth = _number("Number of the friend", "Empty: the next one.")
    is_new = _choice(
        "New member", [("", "As they are"), ("yes", "Yes"), ("no", "No")], required=False
    )
    tier = _text("Tier", max_length=60)
    channel = _text("Channel", max_length=32)
    audience = _choice("In the list", (), required=False)
    variant = _choice("Variant", (), required=False)
    provisional = forms.BooleanField(
        label="They are not confirmed yet", required=False, widget=UnfoldBooleanSwitchWidget()
    )

    def __init__(self, campaign: Campaign, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.campaign = campaign
        lists = Audience.objects.filter(is_test=campaign.is_test).order_by("name")
        keys = campaign.variants.order_by("pk").values_list("key", flat=True)
        audience, variant = self.fields["audience"], self.fields["variant"]
        assert isinstance(audience, forms.ChoiceField)
        assert isinstance(variant, forms.ChoiceField)
        audience.choices = [("", "As they are"), *lists.values_list("public_id", "name")]
        variant.choices = [("", "As drawn"), *((key, key) for key in keys)]

    def clean_member(self) -> Member | None:
        if not self.cleaned_data["member"]:
            return None
        try:
            return member_by_external_id(self.cleaned_data["member"], is_test=self.campaign.is_test)
        except MemberUnknown as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        trigger = given.get("trigger")
        if trigger == Trigger.ORDER_PAID and given.get("amount_minor") is None:
            self._missing("amount_minor", "Say what was paid.")
        if trigger in (Trigger.ROOM_COMPLETED, Trigger.ROOM_OPENED) and not given.get("size"):
            self._missing("size", "Say how many seats the room has.")
        if (given.get("kept_seats") or 0) > (given.get("size") or 100):
            self._missing("kept_seats", "No more than the room has.")
        return given

    def _missing(self, field: str, words: str) -> None:
        if field not in self.errors:
            self.add_error(field, words)

    def hypothesis(self) -> Hypothesis:
        given = self.cleaned_data
        trigger = Trigger(given["trigger"])
        return Hypothesis(
            trigger=trigger,
            member=given["member"],
            people=frozenset(map(Beneficiary, given["people"])) or None,
            confirmed=not given["provisional"],
            tier=given["tier"] or None,
            audiences=(given["audience"],) if given["audience"] else None,
            channel=given["channel"] or None,
            is_new={"yes": True, "no": False}.get(given["is_new"]),
            variant=given["variant"] or None,
            order=self._order(trigger),
            room=self._room(trigger),
            act_nth=given["act_nth"],
        )

    def _order(self, trigger: Trigger) -> OrderFacts | None:
        given = self.cleaned_data
        amount = given["amount_minor"]
        if amount is None or trigger not in (Trigger.ORDER_PAID, Trigger.FRIEND_BOUGHT):
            return None
        tags = tuple(tag for part in given["tags"].split(",") if (tag := part.strip()))
        return OrderFacts(amount, given["order_nth"] or 0, (LineFacts(tags, amount),))

    def _room(self, trigger: Trigger) -> RoomFacts | None:
        given = self.cleaned_data
        size = given["size"]
        with_room = (Trigger.ORDER_PAID, Trigger.ROOM_COMPLETED, Trigger.ROOM_OPENED)
        if not size or trigger not in with_room:
            return None
        kept = size if given["kept_seats"] is None else given["kept_seats"]
        return RoomFacts(size, kept, kept >= size or trigger is Trigger.ROOM_COMPLETED)


class ReplayForm(forms.Form):
    """What to replay, by which policies."""

    by = _choice("Policies", _BY)
    days = _number("Days, today included", required=True, max_value=MOST_DAYS, initial=DAYS)


class WhatIfPages:
    """Two pages of a campaign, for whoever may see it: `what_would_happen` and `replay`."""

    @action(description="What would happen", url_path="what-would-happen", icon="help")
    def what_would_happen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Decide a supposed fact and answer in words. Writes nothing."""
        campaign = self._campaign(request, object_id)
        asked = request.GET if "trigger" in request.GET else None
        form = WhatIfForm(campaign, asked, initial=_usual(campaign))
        context: dict[str, Any] = {"form": form}
        if asked is not None and form.is_valid():
            try:
                promise = _promise(campaign, form.cleaned_data["by"])
                seen = preview(campaign, promise, form.hypothesis(), now=clock.now())
                context["answer"] = answer_of(seen)
            except EngineError as error:
                context["refused"] = str(error)
        return self._page(request, "what_would_happen", campaign, "What would happen", context)

    @action(description="Replay", url_path="replay", icon="history")
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Replay the last days by other policies; with `stream`, line by line. Writes nothing."""
        campaign = self._campaign(request, object_id)
        asked = request.GET if "days" in request.GET else None
        form = ReplayForm(asked, initial=_usual(campaign))
        context: dict[str, Any] = {"form": form}
        if asked is not None and form.is_valid():
            try:
                question = _question(campaign, form.cleaned_data)
            except EngineError as error:
                context["refused"] = str(error)
            else:
                if "stream" in request.GET:
                    return _stream(question)
                context["told"] = told(_result(question))
        return self._page(request, "replay", campaign, "Replay", context)

    def _campaign(self, request: HttpRequest, object_id: str) -> Campaign:
        """The campaign, for whoever may see it. Raises Http404, PermissionDenied."""
        campaign: Campaign | None = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if campaign is None:
            raise Http404
        if not self.has_view_permission(request, campaign):  # type: ignore[attr-defined]
            raise PermissionDenied
        return campaign

    def _page(
        self,
        request: HttpRequest,
        name: str,
        campaign: Campaign,
        title: str,
        context: dict[str, Any],
    ) -> HttpResponse:
        site = self.admin_site  # type: ignore[attr-defined]
        shared = {**site.each_context(request), "title": f"{title}: {campaign}"}
        page = f"rewards/{name}.html"
        return render(request, page, {**shared, "campaign": campaign, **context})


def _usual(campaign: Campaign) -> dict[str, Any]:
    return {"by": "draft", "days": DAYS}


def _promise(campaign: Campaign, by: str) -> Promise:
    return draft_promise(campaign) if by == "draft" else published_promise(campaign)


def _question(campaign: Campaign, given: dict[str, Any]) -> Question:
    promise = _promise(campaign, given["by"])
    return question_of(
        campaign, promise.terms, promise.variants, days=given["days"], now=clock.now()
    )


def _result(question: Question) -> Simulated:
    for step in simulation_run(question):
        if isinstance(step, Simulated):
            return step
    raise AssertionError("a simulation ends with its result")


def _stream(question: Question) -> StreamingHttpResponse:
    """A line of JSON per batch, `done` of `total`; the last one is the result as a piece of page."""

    def lines() -> Iterator[str]:
        for step in simulation_run(question):
            if isinstance(step, Progress):
                yield json.dumps({"done": step.done, "total": step.total}) + "\n"
            else:
                html = render_to_string("rewards/replayed.html", {"told": told(step)})
                yield json.dumps({"html": html}) + "\n"

    response = StreamingHttpResponse(lines(), content_type="application/x-ndjson")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # a proxy that waits for the end shows no progress
    return response
