"""Door: the shop decides who brought somebody."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, idempotent, parsed
from apps.core.callers import caller_of, is_test
from apps.invites.api import OverrideOutput
from apps.invites.selectors import ParticipantUnknown, participant_by_public_id
from apps.invites.services import Author
from apps.invites.services.overriding import REASON_LENGTH
from apps.rewards import services


class ReferrerInput(serializers.Serializer[Any]):
    referrer = serializers.CharField(
        max_length=32,
        allow_null=True,
        help_text="The participant who brought them; null: nobody did.",
    )
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="Kept for good.")


class ReferrerView(EngineView):
    """Decide who brought a participant, while nothing was paid on it and they brought nobody."""

    scope = "campaigns"

    @extend_schema(request=ReferrerInput, responses={201: OverrideOutput})
    @idempotent()
    def post(self, request: Request, participant_id: str) -> Response:
        given = parsed(ReferrerInput, request.data)
        caller = caller_of(request)
        assert caller is not None  # this door opens to servers only
        participant = participant_by_public_id(participant_id, is_test=is_test(request))
        override = services.referrer_override(
            participant_id=participant.pk,
            referrer_id=_referrer(given["referrer"], is_test(request)),
            reason=given["reason"],
            author=Author(key=caller.credential),
            now=clock.now(),
        )
        return Response(OverrideOutput(override).data, status=201)


def _referrer(public_id: str | None, in_test: bool) -> int | None:
    if public_id is None:
        return None
    try:
        return participant_by_public_id(public_id, is_test=in_test).pk
    except ParticipantUnknown:
        raise ParticipantUnknown(pointer="/referrer") from None
