"""Doors: links, visits, joining, and the chain."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.api import EngineView, idempotent, parsed, rendered
from apps.core.callers import Door, acting_member_id, caller_of, is_test
from apps.core.replies import Asked
from apps.core.transactions import retrying
from apps.invites import selectors, services
from apps.invites.models import Link, Participant
from apps.invites.openings import link_url, opening_by_phone, opening_by_shop, public_url
from apps.invites.rules import Opening
from apps.invites.selectors import Brought
from apps.members.selectors import Face, faces

Status = Participant.Status
_AS_SHOWN = serializers.DateTimeField()


class BroughtInput(serializers.Serializer[Any]):
    code = serializers.CharField(
        max_length=32, required=False, default="", allow_blank=True, help_text="A code typed in."
    )
    visit_token = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="From the link that was opened.",
    )
    draw_token = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="From the draw of a visitor whom no link brought; keeps the variant they saw.",
    )
    coupon = serializers.CharField(
        max_length=64,
        required=False,
        default="",
        allow_blank=True,
        help_text="A coupon's code that brought them; weaker than a typed code of a link.",
    )
    visit_cookie = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="A visit token your page kept in a cookie of its own; weaker than `visit_token`.",
    )


class OwnLinkInput(BroughtInput):
    channel = serializers.CharField(
        max_length=32,
        required=False,
        default="",
        allow_blank=True,
        help_text="Where I share it: one more link of my own, whose visits are of this channel. "
        "Absent: the one link. At most 20.",
    )


BROUGHT_FIELDS = tuple(field.name for field in fields(Brought))


class CardOutput(serializers.Serializer[Any]):
    title = serializers.CharField()
    picture_url = serializers.CharField(allow_blank=True)


class LinkOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    channel = serializers.CharField(allow_blank=True)
    url = serializers.CharField()
    qr_url = serializers.CharField()
    poster_url = serializers.CharField(help_text="A picture to share, with the QR code.")
    scene = serializers.CharField(help_text="For a mini-program's QR code.")
    variant = serializers.CharField(
        allow_blank=True, help_text="What to show who opens it: the variant of its tree."
    )
    card = CardOutput()


class VisitInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=32, help_text="The link's code, or the scene.")
    channel = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)
    visitor = serializers.CharField(
        max_length=100,
        required=False,
        default="",
        allow_blank=True,
        help_text="What you call whoever opened it; only a hash is kept, under a salt of the day. "
        "Who opens a link again within the hour is counted once. Phones that call by themselves are "
        "told apart without; for a server that names neither a visitor nor a member nobody is.",
    )


class CampaignNameOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class TargetOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["campaign", "room"])
    room = serializers.CharField(allow_null=True)


class FaceOutput(serializers.Serializer[Any]):
    nickname = serializers.CharField(allow_blank=True)
    avatar_url = serializers.CharField(allow_blank=True)


class VisitOutput(serializers.Serializer[Any]):
    visit_token = serializers.CharField()
    campaign = CampaignNameOutput()
    target = TargetOutput()
    inviter = FaceOutput()
    variant = serializers.CharField(
        allow_blank=True, help_text="What to show: the variant of the link's tree."
    )
    counted = serializers.BooleanField(
        help_text="False for bots, previews, prefetches, and again by the same within the hour."
    )


class DrawInput(serializers.Serializer[Any]):
    visitor = serializers.CharField(
        max_length=100,
        required=False,
        default="",
        allow_blank=True,
        help_text="What you call the visitor; only its hash is kept. The same visitor draws once.",
    )
    draw_token = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="From an earlier draw, which then stands.",
    )


class DrawOutput(serializers.Serializer[Any]):
    draw_token = serializers.CharField(
        allow_blank=True,
        help_text="Keep it, and send it where they join. Empty where nothing needs keeping.",
    )
    variant = serializers.CharField(allow_blank=True, help_text="Empty: there are no variants.")
    is_holdout = serializers.BooleanField(help_text="They get nothing: best not show the campaign.")


class ParticipantOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    status = serializers.CharField()
    variant = serializers.CharField(allow_blank=True)
    generation = serializers.IntegerField()
    joined_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    brought = serializers.SerializerMethodField(help_text="Whether somebody brought them.")

    def get_brought(self, participant: Participant) -> bool:
        return participant.referrer_id is not None


def brought_from(request: Request) -> Brought:
    """The code, visit token and draw token in a request's body. Raises ValidationError."""
    return brought_of(parsed(BroughtInput, request.data))


def brought_of(said: Mapping[str, str]) -> Brought:
    """What brought somebody, of the validated fields of a `BroughtInput`."""
    return Brought(**{name: said[name] for name in BROUGHT_FIELDS})


def link_output(request: Request, link: Link, title: str, picture_url: str) -> dict[str, Any]:
    """A link as phones need it: address, QR address, scene and card."""
    return {
        "code": link.code,
        "channel": link.channel,
        "url": link_url(request, link),
        "qr_url": public_url(request, reverse("share-qr-png", args=[link.code])),
        "poster_url": public_url(request, reverse("share-poster", args=[link.code])),
        "scene": link.code,
        "variant": link.participant.variant,
        "card": {"title": title, "picture_url": picture_url},
    }


class CampaignLinkView(EngineView):
    """My link to a campaign: made at the first call, the same afterwards. One for each channel."""

    takes_codes = True
    doors = (Door.MEMBER,)

    @extend_schema(request=OwnLinkInput, responses={200: LinkOutput, 201: LinkOutput})
    def put(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        said = parsed(OwnLinkInput, request.data)
        link, created = retrying(
            lambda: services.campaign_link(
                campaign=campaign,
                member_id=acting_member_id(request),
                brought=brought_of(said),
                now=clock.now(),
                channel=said["channel"],
            )
        )
        card = public_url(request, reverse("share-card", args=[link.code]))
        body = link_output(
            request, link, campaign.card_title or campaign.name, campaign.card_picture_url or card
        )
        return Response(body, status=201 if created else 200)


class VisitsView(EngineView):
    """A link or scene was opened in an app or a mini-program. 409 or 410 for one that does not open."""

    takes_codes = True
    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(request=VisitInput, responses={201: VisitOutput})
    @idempotent()
    def post(self, request: Request) -> Response:
        body = VisitInput(data=request.data)
        body.is_valid(raise_exception=True)
        link = selectors.link_by_code(body.validated_data["code"], pointer="/code")
        visit = services.link_open(
            link=link,
            opening=_call_opening(request, body.validated_data["visitor"]),
            channel=body.validated_data["channel"],
            now=clock.now(),
        )
        owner = link.participant
        face = faces({owner.member_id}).get(owner.member_id, Face("", ""))
        answer = {
            "visit_token": selectors.visit_token(visit),
            "campaign": {"id": owner.campaign.public_id, "name": owner.campaign.name},
            "target": {"kind": "room" if link.room else "campaign", "room": link.room or None},
            "inviter": {"nickname": face.nickname, "avatar_url": face.avatar_url},
            "variant": owner.variant,
            "counted": not visit.skipped,
        }
        return Response(answer, status=201)


def _call_opening(request: Request, visitor: str) -> Opening:
    """How a link was opened by this call, and for whom: a member, whom the shop names, or a phone."""
    caller = caller_of(request)
    if caller is None:
        return opening_by_phone(request.META, named=visitor, is_member=False)
    member = f"member {caller.member_id}" if caller.member_id is not None else ""
    if caller.door is Door.SERVER:
        named = member or (f"shop's {visitor}" if visitor else "")
        return opening_by_shop(request.META, named=named)
    return opening_by_phone(request.META, named=member, is_member=True)


class DrawsView(EngineView):
    """Which variant to show a visitor whom no link brought. Their first draw stands.

    A member who takes part is told their tree's.
    """

    doors = (Door.PUBLIC, Door.MEMBER, Door.SERVER)

    @extend_schema(request=DrawInput, responses={200: DrawOutput})
    @idempotent()
    def post(self, request: Request, campaign_id: str) -> Response:
        body = DrawInput(data=request.data)
        body.is_valid(raise_exception=True)
        caller = caller_of(request)
        campaign = campaign_by_public_id(campaign_id, is_test=caller.is_test if caller else None)
        shown = services.variant_draw(
            campaign=campaign,
            now=clock.now(),
            visitor=body.validated_data["visitor"],
            token=body.validated_data["draw_token"],
            member_id=caller.member_id if caller else None,
        )
        answer = {
            "draw_token": selectors.draw_token(shown.draw) if shown.draw else "",
            "variant": shown.variant,
            "is_holdout": shown.is_holdout,
        }
        return Response(answer)


class TouchesView(EngineView):
    """The visit token or code that brought me, and the draw token, told after login."""

    takes_codes = True
    doors = (Door.MEMBER,)

    @extend_schema(request=BroughtInput, responses={204: None})
    @idempotent()
    def post(self, request: Request) -> Response:
        services.touch_record(
            member_id=acting_member_id(request), brought=brought_from(request), now=clock.now()
        )
        return Response(status=204)


def _just_joined(joining: services.Joining) -> dict[str, Any]:
    """What `ParticipantOutput` shows of somebody who is only now to join."""
    confirmed = joining.confirmed_at
    return {
        "id": joining.id,
        "status": (Status.CONFIRMED if confirmed else Status.PROVISIONAL).value,
        "variant": "",
        "generation": 0,
        "joined_at": _AS_SHOWN.to_representation(joining.joined_at),
        "confirmed_at": confirmed and _AS_SHOWN.to_representation(confirmed),
        "brought": joining.brought,
    }


def _join_at_once(request: Request, names: dict[str, Any], asked: Asked) -> HttpResponse | None:
    campaign = campaign_by_public_id(names["campaign_id"], is_test=is_test(request))
    shown = services.campaign_join_and_reply(
        campaign_id=campaign.pk,
        member_id=acting_member_id(request),
        brought=brought_from(request),
        now=clock.now(),
        reply=asked,
        body=_just_joined,
    )
    return None if shown is None else rendered(shown, status=201)


class JoinView(EngineView):
    """Join a campaign. Joining again answers with the same participant."""

    takes_codes = True
    doors = (Door.MEMBER,)

    @extend_schema(request=BroughtInput, responses={200: ParticipantOutput, 201: ParticipantOutput})
    @idempotent(at_once=_join_at_once)
    def post(self, request: Request, campaign_id: str) -> Response:
        campaign = campaign_by_public_id(campaign_id, is_test=is_test(request))
        participant, created = services.campaign_join(
            campaign=campaign,
            member_id=acting_member_id(request),
            brought=brought_from(request),
            now=clock.now(),
        )
        return Response(ParticipantOutput(participant).data, status=201 if created else 200)
