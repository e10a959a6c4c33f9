"""Share links: what they brought, their terms, and making more of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display

from apps.core import clock
from apps.core.admin import EngineAdmin, run_on_each
from apps.core.csv_export import csv_response
from apps.core.errors import EngineError
from apps.core.transactions import retrying
from apps.invites import services
from apps.invites.admin.forms import LinkForm, ManyLinksForm, NewLinkForm
from apps.invites.models import Link
from apps.invites.openings import link_url, public_url
from apps.invites.rules import Standing
from apps.invites.rules.bulk import COLUMNS, MOST_LINES, FileUnreadable, link_lines
from apps.invites.selectors import links as link_selectors
from apps.invites.selectors.links import Figures
from apps.members.admin import member_name
from apps.members.models import Identity

REFUSED_SHOWN = 200
AT_ONCE = 500

_WORDS = {
    Standing.OPENS: "opens",
    Standing.REVOKED: "revoked",
    Standing.ENDED: "campaign over",
    Standing.EXPIRED: "expired",
    Standing.EXHAUSTED: "used up",
    Standing.PAUSED: "campaign paused",
    Standing.EARLY: "campaign not started",
    Standing.NOT_YET: "not yet",
}
_COLOURS = {
    Standing.OPENS.value: "success",
    Standing.NOT_YET.value: "info",
    Standing.EARLY.value: "info",
    Standing.PAUSED.value: "warning",
    Standing.REVOKED.value: "danger",
}

EXPORTED = (
    *("code", "url", "qr_svg", "poster", "external_id", "nickname", "campaign", "kind"),
    *("reference", "channel", "label", "room", "starts_at", "expires_at", "max_opens"),
    *("standing", "opens", "joined", "orders"),
)


class LinkList(ChangeList):
    """A page of links with what each brought: two queries for the page, whatever its length."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        _with_figures(list(self.result_list))


def _with_figures(links: list[Link]) -> list[Link]:
    figures = link_selectors.figures_of(links)
    standings = link_selectors.standings_of(links, figures, clock.now())
    for link in links:
        link.figures = figures[link.pk]  # type: ignore[attr-defined]
        link.stands = standings[link.pk]  # type: ignore[attr-defined]
    return links


@admin.register(Link)
class LinkAdmin(EngineAdmin):
    form = LinkForm
    list_fullwidth = True
    list_display = (
        *("code", "owner", "campaign", "of", "label", "stands"),
        *("opens", "joined", "orders"),
    )
    list_filter = (
        "kind",
        "is_default",
        ("revoked_at", admin.EmptyFieldListFilter),
        "participant__campaign",
    )
    list_select_related = ("participant__member__profile", "participant__campaign")
    search_fields = (
        *("code", "label", "reference", "channel", "room", "participant__public_id"),
        *("participant__member__public_id", "participant__member__identities__value"),
    )
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("revoke", "export")
    actions_list = ("make", "make_many")
    actions_detail = ("revoke_this",)
    fixed = (
        *("code", "address", "qr_code", "owner", "campaign", "of", "room", "channel"),
        *("standing", "opens", "joined", "orders", "created_at", "revoked_at"),
    )
    fieldsets = (
        (None, {"fields": (("code", "standing"), "address", ("owner", "campaign"), "qr_code")}),
        ("What it brought", {"fields": (("opens", "joined", "orders"),)}),
        ("What it is of", {"fields": (("of", "room", "channel"), "label")}),
        (
            "When it opens",
            {
                "fields": (
                    ("starts_at", "expires_at"),
                    ("max_opens", "afterwards"),
                    ("created_at", "revoked_at"),
                )
            },
        ),
    )
    labels = {"max_opens": "Opens at most", "starts_at": "Opens", "expires_at": "Expires"}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # by the page “Make a link”, which also makes its owner a participant

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_make_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("invites.add_link"))

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("invites.change_link"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        base: Any = super().get_changelist(request, **kwargs)
        return type("LinkList", (LinkList, base), {})

    def get_readonly_fields(self, request: HttpRequest, obj: Link | None = None) -> Any:
        if obj is not None and obj.is_default:
            # A member's own link has no terms: whoever has its code keeps it for good.
            return (*self.fixed, "starts_at", "expires_at", "max_opens", "afterwards")
        return self.fixed

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Link | None:
        link: Link | None = super().get_object(request, *args, **kwargs)
        if link is not None:
            _with_figures([link])
            link.page_url = link_url(request, link)  # type: ignore[attr-defined]
        return link

    @admin.display(description="Whose", ordering="participant")
    def owner(self, link: Link) -> str:
        return member_name(link.participant.member)

    @admin.display(description="Campaign", ordering="participant__campaign")
    def campaign(self, link: Link) -> str:
        return str(link.participant.campaign)

    @admin.display(description="Of", ordering="kind")
    def of(self, link: Link) -> str:
        words = f"a room: {link.room}" if link.room else link.get_kind_display()
        return f"{words}: {link.reference}" if link.reference else words

    @display(description="Now", label=_COLOURS)
    def stands(self, link: Any) -> Any:
        words = _WORDS[link.stands]
        return (link.stands.value, words) if link.stands.value in _COLOURS else words

    @admin.display(description="Now")
    def standing(self, link: Any) -> str:
        """As `stands`, where there is no coloured label: on the page of one link."""
        return _WORDS[link.stands]

    @admin.display(description="Visits")
    def opens(self, link: Any) -> str:
        most = f" of {link.max_opens:,}" if link.max_opens else ""
        return f"{link.figures.opens:,}{most}"

    @admin.display(description="Joined")
    def joined(self, link: Any) -> str:
        return f"{link.figures.joined:,}"

    @admin.display(description="Orders")
    def orders(self, link: Any) -> str:
        return f"{link.figures.orders:,}"

    @admin.display(description="Address")
    def address(self, link: Any) -> str:
        return format_html('<span class="engine-address">{}</span>', link.page_url)

    @admin.display(description="QR code")
    def qr_code(self, link: Link) -> str:
        names = ("share-qr-svg", "share-qr-png", "share-poster")
        svg, png, poster = (reverse(name, args=[link.code]) for name in names)
        return format_html(
            '<span class="engine-qr"><img src="{svg}" width="160" height="160" alt="QR code">'
            '<span><a href="{svg}" download="{code}.svg">SVG, to print</a>'
            '<a href="{png}" download="{code}.png">PNG</a>'
            '<a href="{poster}" download="{code}-poster.png">Poster</a></span></span>',
            svg=svg,
            png=png,
            poster=poster,
            code=link.code,
        )

    # Revoking

    @admin.action(
        description="Revoke for good: these links bring nobody any more", permissions=["revoke"]
    )
    def revoke(self, request: HttpRequest, queryset: QuerySet[Link]) -> None:
        run_on_each(
            self,
            request,
            queryset,
            lambda link: services.link_revoke(link_id=link.pk),
            "links revoked",
            "link revoked",
        )

    @action(
        description="Revoke for good", icon="link_off", url_path="revoke", permissions=["revoke"]
    )
    def revoke_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then revoke: what is printed already stops leading anywhere."""
        link = self.get_object(request, object_id)
        if link is None or not self.has_revoke_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            retrying(lambda: services.link_revoke(link_id=link.pk))
            self.message_user(request, "The link is revoked.", messages.SUCCESS)
            return redirect("admin:invites_link_change", link.pk)
        return self._page(request, "invites/revoke.html", f"Revoke {link}", {"link": link})

    # Taking them out

    @admin.action(description="Export as CSV, with figures")
    def export(self, request: HttpRequest, queryset: QuerySet[Link]) -> HttpResponseBase:
        rows = queryset.select_related(*self.list_select_related).order_by("pk")
        return csv_response("links.csv", EXPORTED, _exported(request, rows))

    # Making them

    @action(description="Make a link", icon="add_link", url_path="make", permissions=["make"])
    def make(self, request: HttpRequest) -> HttpResponse:
        """One link of a partner, a store, a stream …, with its terms."""
        if not self.has_make_permission(request):
            raise PermissionDenied
        form = NewLinkForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            link = link_made(form)
            if link is not None:
                self.message_user(request, f"The link {link} is made.", messages.SUCCESS)
                return redirect("admin:invites_link_change", link.pk)
        return self._page(request, "invites/make.html", "Make a link", {"form": form})

    @action(
        description="Make many from a file",
        icon="upload_file",
        url_path="make-many",
        permissions=["make"],
    )
    def make_many(self, request: HttpRequest) -> HttpResponseBase:
        """A file of links: look at it, make all of them, have them back as CSV."""
        if not self.has_make_permission(request):
            raise PermissionDenied
        if request.method == "POST" and "made" in request.POST:
            return self._given_back(request)
        form = ManyLinksForm(request.POST or None, request.FILES or None)
        context: dict[str, Any] = {"form": form, "columns": COLUMNS, "most": MOST_LINES}
        if request.method == "POST" and form.is_valid():
            context |= _many(form, dry_run=request.POST.get("do") != "make")
        return self._page(request, "invites/make_many.html", "Make many links", context)

    def _given_back(self, request: HttpRequest) -> HttpResponseBase:
        keys = [key for key in request.POST["made"].split(",") if key.isdecimal() and len(key) < 19]
        rows = self.get_queryset(request).filter(pk__in=keys[:MOST_LINES])
        return self.export(request, rows)

    def _page(
        self, request: HttpRequest, template: str, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "title": title}
        return render(request, template, {**shared, **context})


def link_made(form: NewLinkForm) -> Link | None:
    """The link that a valid form asks for; None, and the form says why, where it is refused."""

    def make() -> Link:
        with transaction.atomic():  # a refusal undoes this and nothing around it
            return services.link_create(
                campaign=form.campaign_meant(),
                member_id=form.cleaned_data["member"].pk,
                wanted=form.wanted(),
                now=clock.now(),
            )

    try:
        return retrying(make)
    except EngineError as error:
        field = error.pointer.strip("/")
        form.add_error(field if field in form.fields else None, str(error))
        return None


def _many(form: ManyLinksForm, *, dry_run: bool) -> dict[str, Any]:
    try:
        lines = list(link_lines(form.source()))
    except FileUnreadable as error:
        form.add_error("file", str(error))
        return {}
    campaign = form.cleaned_data["campaign"]
    made = retrying(
        lambda: services.links_create(
            campaign=campaign, lines=lines, now=clock.now(), dry_run=dry_run
        )
    )
    return {
        "made": made,
        "campaign": campaign,
        "dry_run": dry_run,
        "keys": "" if dry_run else ",".join(str(link.pk) for link in made.links),
        "refused": made.refused[:REFUSED_SHOWN],
    }


def _exported(request: HttpRequest, rows: QuerySet[Link]) -> Iterator[Sequence[object]]:
    """A row for each link, five hundred at a time."""
    last = 0
    while links := _with_figures(list(rows.filter(pk__gt=last)[:AT_ONCE])):
        known_as = dict(
            Identity.objects.filter(
                kind=Identity.Kind.EXTERNAL_ID,
                member__in=[link.participant.member_id for link in links],
            ).values_list("member_id", "value")
        )
        for link in links:
            yield _row(request, link, known_as.get(link.participant.member_id, ""))
        last = links[-1].pk


def _row(request: HttpRequest, link: Any, external_id: str) -> Sequence[object]:
    figures: Figures = link.figures
    profile = getattr(link.participant.member, "profile", None)
    pictures = ("share-qr-svg", "share-poster")
    return (
        link.code,
        link_url(request, link),
        *(public_url(request, reverse(name, args=[link.code])) for name in pictures),
        external_id,
        profile.nickname if profile else "",
        link.participant.campaign.name,
        *(link.kind, link.reference, link.channel, link.label, link.room),
        link.starts_at.isoformat() if link.starts_at else "",
        link.expires_at.isoformat() if link.expires_at else "",
        link.max_opens,
        link.stands.value,
        *(figures.opens, figures.joined, figures.orders),
    )
