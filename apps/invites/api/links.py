"""Doors for shops: making links for partners, stores, streams …, what they brought, and revoking them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.campaigns.selectors import campaign_by_public_id
from apps.core import clock
from apps.core.api import EnginePagination, EngineView, idempotent
from apps.core.callers import is_test
from apps.core.errors import Invalid
from apps.invites import selectors, services
from apps.invites.models import Link
from apps.invites.openings import link_url, public_url
from apps.invites.rules import CODE_LONGEST, Afterwards, LinkKind, Standing, code_meant
from apps.invites.selectors import links as link_selectors
from apps.members.models import Identity
from apps.members.selectors import member_by_external_id

KINDS = [kind.value for kind in LinkKind]


class NewRoomLinkInput(serializers.Serializer[Any]):
    """All of a new link but what it leads to."""

    member = serializers.CharField(
        max_length=100,
        help_text="Whose link it is, by the shop's own id: whoever opens it is brought by them. A "
        "store or a stream is a member, too: register it like one.",
    )
    kind = serializers.ChoiceField(KINDS, default=LinkKind.PARTNER.value)
    reference = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="Your own name or number of the store, stream, community, assistant or offer.",
    )
    channel = serializers.CharField(
        max_length=32,
        default="",
        allow_blank=True,
        help_text="The channel of its visits, where the address names no other.",
    )
    label = serializers.CharField(  # type: ignore[assignment]  # the link's label, not this field's
        max_length=80, default="", allow_blank=True, help_text="What you call it. Not shown."
    )
    code = serializers.CharField(
        max_length=CODE_LONGEST,
        default="",
        allow_blank=True,
        help_text="A code to be read out: small letters, digits, hyphens. Absent: one is drawn.",
    )
    starts_at = serializers.DateTimeField(default=None, allow_null=True)
    expires_at = serializers.DateTimeField(default=None, allow_null=True)
    max_opens = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        default=None,
        allow_null=True,
        help_text="How many counted visits it opens for; never one more.",
    )
    afterwards = serializers.ChoiceField(
        [end.value for end in Afterwards],
        default=Afterwards.PAGE.value,
        help_text="When it has expired or is exhausted: a page that says so, the campaign without "
        "an inviter, or on to the shop.",
    )


class NewLinkInput(NewRoomLinkInput):
    campaign = serializers.CharField(max_length=32)


def link_terms_of(said: Mapping[str, Any], **more: Any) -> services.NewLink:
    """What a link is to be, of the validated fields of a `NewRoomLinkInput`."""
    terms = {name: value for name, value in said.items() if name not in ("member", "campaign")}
    kind, afterwards = LinkKind(terms.pop("kind")), Afterwards(terms.pop("afterwards"))
    return services.NewLink(kind=kind, afterwards=afterwards, **terms, **more)


class FiguresOutput(serializers.Serializer[Any]):
    opens = serializers.IntegerField(help_text="Counted visits: no bots, previews or prefetches.")
    joined = serializers.IntegerField(help_text="Who joined the campaign by it.")
    orders = serializers.IntegerField(help_text="Their orders in the campaign.")


class ShopLinkOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    url = serializers.CharField()
    qr_url = serializers.CharField()
    poster_url = serializers.CharField()
    campaign = serializers.CharField()
    member = serializers.CharField()
    room = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(KINDS)
    reference = serializers.CharField(allow_blank=True)
    channel = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    starts_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    max_opens = serializers.IntegerField(allow_null=True)
    afterwards = serializers.ChoiceField([end.value for end in Afterwards])
    standing = serializers.ChoiceField(
        [standing.value for standing in Standing], help_text="What opening it now does."
    )
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    figures = FiguresOutput()


def _outputs(request: Request, links: Sequence[Link]) -> list[dict[str, Any]]:
    figures = link_selectors.figures_of(links)
    standings = link_selectors.standings_of(links, figures, clock.now())
    plain = ("code", "kind", "reference", "channel", "label", "starts_at", "expires_at")
    more = ("max_opens", "afterwards", "created_at", "revoked_at")
    rows = [
        {
            **{name: getattr(link, name) for name in (*plain, *more)},
            "url": link_url(request, link),
            "qr_url": public_url(request, reverse("share-qr-png", args=[link.code])),
            "poster_url": public_url(request, reverse("share-poster", args=[link.code])),
            "campaign": link.participant.campaign.public_id,
            "member": link.participant.member.public_id,
            "room": link.room or None,
            "standing": standings[link.pk].value,
            "figures": figures[link.pk],
        }
        for link in links
    ]
    return list(ShopLinkOutput(rows, many=True).data)


def shop_link_output(request: Request, link: Link) -> dict[str, Any]:
    """A link as the shop sees it, read anew."""
    made = link_selectors.links_listed(is_test=is_test(request)).get(pk=link.pk)
    return _outputs(request, [made])[0]


class LinksView(EngineView):
    """Links, newest first, with what each brought; and making more of them."""

    scope = "campaigns"

    @extend_schema(
        responses=ShopLinkOutput(many=True),
        parameters=[
            OpenApiParameter("campaign", str),
            OpenApiParameter("member", str, description="The shop's own id, or mem_…."),
            OpenApiParameter("kind", str, enum=KINDS),
            OpenApiParameter("reference", str),
            OpenApiParameter("channel", str),
            OpenApiParameter("room", str),
            OpenApiParameter("code", str),
        ],
    )
    def get(self, request: Request) -> Response:
        asked = {name: request.query_params.get(name, "") for name in _FILTERS}
        if asked["kind"] and asked["kind"] not in KINDS:
            raise Invalid(f"The kind is one of {', '.join(KINDS)}.", pointer="/kind")
        rows = link_selectors.links_listed(is_test=is_test(request))
        for name, value in asked.items():
            if value:
                rows = rows.filter(_FILTERS[name](value))
        pages = EnginePagination()
        page: Any = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(_outputs(request, page))

    @extend_schema(operation_id="links_make", request=NewLinkInput, responses={201: ShopLinkOutput})
    @idempotent()
    def post(self, request: Request) -> Response:
        """Make a link of a member's, with terms and figures of its own. They become a participant."""
        body = NewLinkInput(data=request.data)
        body.is_valid(raise_exception=True)
        said, mode = body.validated_data, is_test(request)
        member = member_by_external_id(said["member"], is_test=mode, pointer="/member")
        link = services.link_create(
            campaign=campaign_by_public_id(said["campaign"], is_test=mode),
            member_id=member.pk,
            wanted=link_terms_of(said),
            now=clock.now(),
        )
        return Response(shop_link_output(request, link), status=201)


def _of_member(name: str) -> Q:
    known_as = Identity.objects.filter(
        kind=Identity.Kind.EXTERNAL_ID, namespace="", value=name
    ).values("member_id")
    return Q(participant__member__public_id=name) | Q(participant__member__in=known_as)


# What only links besides the members' own have, their index is asked for.
_FILTERS = {
    "campaign": lambda value: Q(participant__campaign__public_id=value),
    "member": _of_member,
    "kind": lambda value: (
        Q(kind=value) if value == LinkKind.MEMBER else Q(kind=value, is_default=False)
    ),
    "reference": lambda value: Q(reference=value, is_default=False),
    "channel": lambda value: Q(channel=value) & ~Q(channel=""),
    "room": lambda value: Q(room=value),
    "code": lambda value: Q(code=code_meant(value)),
}


class LinkRevokeView(EngineView):
    """Let a link bring nobody any more, for good. Again changes nothing."""

    scope = "campaigns"

    @extend_schema(request=None, responses={200: ShopLinkOutput})
    @idempotent()
    def post(self, request: Request, code: str) -> Response:
        rows = link_selectors.links_listed(is_test=is_test(request))
        link = rows.filter(code=code_meant(code)).first()
        if link is None:
            raise selectors.LinkUnknown()
        services.link_revoke(link_id=link.pk)
        link.refresh_from_db(fields=["revoked_at"])
        return Response(_outputs(request, [link])[0])
