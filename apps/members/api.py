"""Doors: members as the shop knows them, and tokens for their phones."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.api import EngineView, require_idempotency_key, validate_instant
from apps.core.callers import Door, acting_member_id, is_test
from apps.core.transactions import retrying
from apps.members import credentials, selectors, services
from apps.members.models import Identity, Member


class OpenidInput(serializers.Serializer[Any]):
    app_id = serializers.CharField(max_length=64)
    value = serializers.CharField(max_length=128)


class MemberInput(serializers.Serializer[Any]):
    nickname = serializers.CharField(max_length=64, required=False, allow_blank=True)
    avatar_url = serializers.URLField(max_length=500, required=False, allow_blank=True)
    first_order_at = serializers.DateTimeField(required=False, validators=[validate_instant])
    openids = OpenidInput(many=True, required=False)
    unionid = serializers.CharField(max_length=128, required=False)
    phone_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)


class MemberOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    external_id = serializers.CharField()
    nickname = serializers.CharField(allow_blank=True)
    avatar_url = serializers.CharField(allow_blank=True)
    first_order_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ClientTokenInput(serializers.Serializer[Any]):
    external_id = serializers.CharField(max_length=128)


class ClientTokenOutput(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    member = serializers.CharField()


class MeOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    nickname = serializers.CharField(allow_blank=True)
    avatar_url = serializers.CharField(allow_blank=True)


class MemberView(EngineView):
    """Register, update and see a member by the shop's own id."""

    scope = "members"
    name_length = 128

    @extend_schema(request=MemberInput, responses={200: MemberOutput, 201: MemberOutput})
    def put(self, request: Request, external_id: str) -> Response:
        body = MemberInput(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data
        member, created = retrying(
            lambda: services.member_register(
                external_id=external_id,
                now=clock.now(),
                is_test=is_test(request),
                nickname=fields.get("nickname"),
                avatar_url=fields.get("avatar_url"),
                first_order_at=fields.get("first_order_at"),
                identities=_identities(fields),
            )
        )
        return Response(_output(member, external_id), status=201 if created else 200)

    @extend_schema(responses=MemberOutput)
    def get(self, request: Request, external_id: str) -> Response:
        member = selectors.member_by_external_id(external_id, is_test=is_test(request))
        return Response(_output(member, external_id))


def _identities(fields: dict[str, Any]) -> tuple[tuple[Identity.Kind, str, str], ...]:
    found = [
        (Identity.Kind.OPENID, openid["app_id"], openid["value"])
        for openid in fields.get("openids", [])
    ]
    if "unionid" in fields:
        found.append((Identity.Kind.UNIONID, "", fields["unionid"]))
    if "phone_sha256" in fields:
        found.append((Identity.Kind.PHONE, "", fields["phone_sha256"]))
    return tuple(found)


def _output(member: Member, external_id: str) -> dict[str, Any]:
    face = selectors.faces({member.pk}).get(member.pk, selectors.Face("", ""))
    return dict(
        MemberOutput(
            {
                "public_id": member.public_id,
                "external_id": external_id,
                "nickname": face.nickname,
                "avatar_url": face.avatar_url,
                "first_order_at": member.first_order_at,
                "created_at": member.created_at,
            }
        ).data
    )


class ClientTokenView(EngineView):
    """A short-lived token with which a phone acts as one member."""

    scope = "members"

    @extend_schema(request=ClientTokenInput, responses={201: ClientTokenOutput})
    def post(self, request: Request) -> Response:
        # A repeat gets a fresh token instead of the kept reply: tokens are secrets and expire.
        require_idempotency_key(request)
        body = ClientTokenInput(data=request.data)
        body.is_valid(raise_exception=True)
        member = selectors.member_by_external_id(
            body.validated_data["external_id"], is_test=is_test(request), pointer="/external_id"
        )
        claims = credentials.MemberClaims(member.pk, member.public_id, member.is_test)
        token, seconds = credentials.member_token_issue(claims, now=clock.now())
        answer = {"token": token, "expires_in": seconds, "member": member.public_id}
        return Response(answer, status=201)


class MeView(EngineView):
    """The member who asks."""

    doors = (Door.MEMBER,)

    @extend_schema(responses=MeOutput)
    def get(self, request: Request) -> Response:
        member = Member.objects.get(pk=acting_member_id(request))
        face = selectors.faces({member.pk}).get(member.pk, selectors.Face("", ""))
        shown = {"nickname": face.nickname, "avatar_url": face.avatar_url}
        return Response(MeOutput({"public_id": member.public_id, **shown}).data)
