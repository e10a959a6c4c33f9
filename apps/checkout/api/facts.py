"""Doors: what members did beside orders, as the shop or a phone reports it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions as drf
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.checkout import services
from apps.core import clock
from apps.core.api import EngineView, idempotent, validate_instant
from apps.core.callers import Door, acting_member_id, is_test
from apps.core.errors import EngineError, Invalid
from apps.core.problems import exception_handler
from apps.facts.models import Fact
from apps.facts.rules import RESERVED, check_in_key
from apps.facts.services import FactReport
from apps.invites.selectors import campaigns_counting
from apps.members.models import Member
from apps.members.selectors import member_by_external_id

MAX_BATCH = 100
MAX_PROPERTIES = 20
MAX_NAME = 60
MAX_TEXT = 200
MAX_NUMBER = 10**15


class KeyReserved(Invalid):
    code = "key_reserved"
    message = f"Keys that begin with “{RESERVED}” are the engine's own."


class PropertiesField(serializers.DictField):
    """A few named texts, numbers and yes-or-nos, nothing nested."""

    def run_child_validation(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        if len(data) > MAX_PROPERTIES:
            raise drf.ValidationError([f"At most {MAX_PROPERTIES} properties."])
        name_field = serializers.CharField(max_length=MAX_NAME)
        text_field = serializers.CharField(max_length=MAX_TEXT, allow_blank=True)
        kept: dict[str, Any] = {}
        for name, value in data.items():
            known = name_field.run_validation(name)
            if isinstance(value, str):
                value = text_field.run_validation(value)
            elif not _is_plain(value):
                raise drf.ValidationError(
                    {known: ["A text, a number within ±10¹⁵, true, false or null."]}
                )
            kept[known] = value
        return kept


def _is_plain(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    return isinstance(value, (int, float)) and -MAX_NUMBER <= value <= MAX_NUMBER


class FactInput(serializers.Serializer[Any]):
    member = serializers.CharField(max_length=128, help_text="The member's external_id.")
    kind = serializers.ChoiceField(choices=Fact.Kind.choices)
    key = serializers.CharField(max_length=100, help_text="Yours; the same key happens once.")
    occurred_at = serializers.DateTimeField(validators=[validate_instant])
    properties = PropertiesField(
        required=False,
        default=dict,
        help_text=f"At most {MAX_PROPERTIES}: texts of {MAX_TEXT} characters, numbers, true, false.",
    )


class FactBatchInput(serializers.Serializer[Any]):
    events = FactInput(many=True, allow_empty=False, max_length=MAX_BATCH)  # type: ignore[call-arg]


class _AnyBatch(serializers.Serializer[Any]):
    """The batch before anybody looked into its items: each is judged for itself."""

    events = serializers.ListField(min_length=1, max_length=MAX_BATCH)


class FactOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="fact.public_id")
    key = serializers.CharField(source="fact.key")
    kind = serializers.CharField(source="fact.kind")
    occurred_at = serializers.DateTimeField(source="fact.occurred_at")
    first = serializers.BooleanField(help_text="False when it was reported before.")
    campaigns = serializers.ListField(
        child=serializers.CharField(), help_text="Where it counts as an act of the member."
    )


class FactProblemOutput(serializers.Serializer[Any]):
    """Why one item was refused, as a problem would say it."""

    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.ListField(  # type: ignore[assignment]  # the name problems give it
        child=serializers.DictField(), required=False, help_text="With a pointer into the batch."
    )


class FactResultOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["recorded", "repeated", "refused"])
    event = FactOutput(allow_null=True)
    problem = FactProblemOutput(allow_null=True)


class FactBatchOutput(serializers.Serializer[Any]):
    results = FactResultOutput(many=True, help_text="One for each item, in the order of the items.")


class FactsView(EngineView):
    """Report a fact. The same report again answers the same and changes nothing."""

    scope = "orders"

    @extend_schema(operation_id="events_create", request=FactInput, responses={201: FactOutput})
    @idempotent()
    def post(self, request: Request) -> Response:
        return Response(_report(request.data, is_test(request)), status=201)


class FactBatchView(EngineView):
    """Report up to 100 facts. Each has its own result: one that is refused undoes no other."""

    scope = "orders"

    @extend_schema(
        operation_id="events_batch_create", request=FactBatchInput, responses=FactBatchOutput
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        body = _AnyBatch(data=request.data)
        body.is_valid(raise_exception=True)
        items = body.validated_data["events"]
        test_mode = is_test(request)
        # In one order of members, so that two batches at once do not wait for each other in a ring.
        in_turn = sorted(range(len(items)), key=lambda index: _member_named(items[index]))
        results = {index: _result(items[index], index, test_mode) for index in in_turn}
        return Response({"results": [results[index] for index in range(len(items))]})


class CheckInsView(EngineView):
    """I am here today. Once a day, in UTC: again that day answers with the first."""

    doors = (Door.MEMBER,)

    @extend_schema(operation_id="me_check_ins_create", request=None, responses={201: FactOutput})
    @idempotent()
    def post(self, request: Request) -> Response:
        now = clock.now()
        member = Member.objects.get(pk=acting_member_id(request))
        report = FactReport(
            key=check_in_key(member.public_id, now),
            member_id=member.pk,
            kind=Fact.Kind.CHECKED_IN,
            occurred_at=now,
            is_test=is_test(request),
            once_per_key=True,
        )
        fact, first = services.fact_report(report=report, now=now)
        return Response(_output(fact, first), status=201)


def _member_named(item: Any) -> str:
    return str(item.get("member", "")) if isinstance(item, dict) else ""


def _result(item: Any, index: int, test_mode: bool) -> dict[str, Any]:
    try:
        with transaction.atomic():
            event = _report(item, test_mode)
    except (EngineError, drf.ValidationError) as error:
        return {"status": "refused", "event": None, "problem": _problem(error, f"/events/{index}")}
    status = "recorded" if event["first"] else "repeated"
    return {"status": status, "event": event, "problem": None}


def _problem(error: Exception, where: str) -> dict[str, Any]:
    answer = exception_handler(error, {})
    assert answer is not None  # errors of these families have an answer
    said = {name: answer.data[name] for name in ("status", "code", "detail")}
    blamed = answer.data.get("errors") or [{"pointer": "", "detail": said["detail"]}]
    return {**said, "errors": [{**one, "pointer": where + one["pointer"]} for one in blamed]}


def _report(item: Any, test_mode: bool) -> dict[str, Any]:
    """Report one fact. Raises ValidationError, MemberUnknown, KeyReserved and what `fact_report` does."""
    body = FactInput(data=item)
    body.is_valid(raise_exception=True)
    said = body.validated_data
    if said["key"].startswith(RESERVED):
        raise KeyReserved(pointer="/key")
    report = FactReport(
        key=said["key"],
        member_id=member_by_external_id(said["member"], is_test=test_mode, pointer="/member").pk,
        kind=Fact.Kind(said["kind"]),
        occurred_at=said["occurred_at"],
        properties=said["properties"],
        is_test=test_mode,
    )
    fact, first = services.fact_report(report=report, now=clock.now())
    return _output(fact, first)


def _output(fact: Fact, first: bool) -> dict[str, Any]:
    shown = {"fact": fact, "first": first, "campaigns": campaigns_counting(fact.public_id)}
    return dict(FactOutput(shown).data)
