"""Reading templates and coupons, and turning them into what can be priced."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Case, Count, F, Prefetch, Q, QuerySet, Value, When

from apps.core.clock import EngineNow
from apps.coupons import rules
from apps.coupons.errors import ClaimTokenInvalid, TemplateUnknown
from apps.coupons.models import Batch, Claim, Coupon, PoolCode, Step, Template

_CLAIM_SALT = "coupons.claim"

# A member's coupons that are weighed against a basket, the soonest to expire first.
MOST_WEIGHED = 200

# Codes of a batch that are read at a time.
CODES_AT_ONCE = 5_000

Status = Coupon.Status


@dataclass(frozen=True)
class TemplateCost:
    """The most one coupon of a template costs the shop: its face value or ceiling."""

    cost_minor: int
    currency: str
    is_test: bool
    name: str


def template_by_public_id(public_id: str) -> Template:
    """Raises TemplateUnknown."""
    template = Template.objects.filter(public_id=public_id).first()
    if template is None:
        raise TemplateUnknown(pointer="/template")
    return template


def template_cost(template: str) -> TemplateCost:
    """What a grant of one coupon of the template `tpl_…` costs a budget. Raises TemplateUnknown."""
    row = template_by_public_id(template)
    return TemplateCost(cost_of(row), row.currency, row.is_test, row.name)


def cost_of(template: Template) -> int:
    """The most one coupon of it can cost the shop, in minor units."""
    return rules.cost(terms_of(template))


def terms_of(template: Template) -> rules.Terms:
    """A template's terms as a value. Reads its steps, if it is of steps."""
    is_steps = template.kind == rules.Kind.STEPS
    steps = sorted((s.from_minor, s.off_minor) for s in template.steps.all()) if is_steps else ()
    return rules.Terms(
        kind=rules.Kind(template.kind),
        currency=template.currency,
        face_minor=template.face_minor,
        percent_bps=template.percent_bps,
        ceiling_minor=template.ceiling_minor,
        gift=template.gift,
        steps=tuple(rules.Step(*step) for step in steps),
        repeats=template.repeats,
        min_basket_minor=template.min_basket_minor,
        lines=rules.Filter(
            skus=frozenset(template.skus),
            tags=frozenset(template.tags),
            not_skus=frozenset(template.not_skus),
            not_tags=frozenset(template.not_tags),
        ),
        stacking=rules.Stacking(template.stacking),
        stack_group=template.stack_group,
        priority=template.priority,
    )


def claimable_templates(*, is_test: bool) -> QuerySet[Template]:
    """What anybody may claim right now and is not gone."""
    left = Q(issue_cap=None) | Q(issued__lt=F("issue_cap"))
    pool = Q(code_source=Template.CodeSource.MINTED) | Q(
        pk__in=PoolCode.objects.filter(coupon=None).values("template")
    )
    return _with_steps(Template.objects.claimable().filter(left, pool, is_test=is_test))


def _with_steps(templates: QuerySet[Template]) -> QuerySet[Template]:
    return templates.prefetch_related(Prefetch("steps", Step.objects.order_by("from_minor")))


def automatic_candidates(*, is_test: bool) -> list[rules.Candidate]:
    """The templates that apply themselves right now."""
    rows = Template.objects.running().filter(applies=Template.Applies.AUTOMATIC, is_test=is_test)
    return [
        rules.Candidate(row.public_id, row.name, terms_of(row), automatic=True)
        for row in _with_steps(rows).order_by("pk")
    ]


def coupons_of(member_id: int) -> QuerySet[Any]:
    """A member's coupons with their templates and `state`, in no order.

    `state` is the status as the member should see it: what has run out is expired, even while the
    sweeper has not come by.
    """
    over = Q(status=Status.ISSUED, expires_at__lte=EngineNow())
    free = Q(status=Status.RESERVED, reserved_until__lte=EngineNow())
    state = Case(
        When(over | free & Q(expires_at__lte=EngineNow()), then=Value(Status.EXPIRED.value)),
        When(free, then=Value(Status.ISSUED.value)),
        default=F("status"),
    )
    return (
        Coupon.objects.filter(member_id=member_id)
        .annotate(state=state)
        .select_related("template")
        .prefetch_related(Prefetch("template__steps", Step.objects.order_by("from_minor")))
    )


def coupon_candidates(
    *, member_id: int | None, codes: Iterable[str] | None, is_test: bool, now: dt.datetime
) -> list[rules.Candidate]:
    """The coupons to weigh against a basket: the named codes, or else all the member could use.

    A code that cannot be used whatever is in the basket is barred, with the reason.
    """
    if codes is None:
        rows = _in_hand(member_id) if member_id is not None else []
        return [_candidate(row.code, row, member_id, turn, now) for turn, row in enumerate(rows)]
    asked = list(dict.fromkeys(code.strip() for code in codes))
    found = coupons_by_code(asked, is_test=is_test)
    candidates: dict[str, rules.Candidate] = {}
    for code in asked:
        row = found.get(code)
        one = _candidate(row.code, row, member_id, 0, now) if row else _unknown(code)
        candidates[one.key] = one
    return list(candidates.values())


def _in_hand(member_id: int) -> list[Coupon]:
    usable = coupons_of(member_id).filter(state=Status.ISSUED)
    soonest = F("expires_at").asc(nulls_last=True)
    return list(usable.order_by(soonest, "pk")[:MOST_WEIGHED])


def coupons_by_code(codes: Iterable[str], *, is_test: bool) -> dict[str, Coupon]:
    """Coupons by the codes as they were typed: exactly, or else in lower case as ours are made."""
    typed = list(codes)
    rows = (
        Coupon.objects.filter(is_test=is_test, code__in={*typed, *(code.lower() for code in typed)})
        .select_related("template")
        .prefetch_related("template__steps")
    )
    by_code = {row.code: row for row in rows}
    found = {code: by_code.get(code) or by_code.get(code.lower()) for code in typed}
    return {code: row for code, row in found.items() if row is not None}


def _unknown(code: str) -> rules.Candidate:
    nothing = rules.Terms(rules.Kind.AMOUNT, "")
    return rules.Candidate(code, "", nothing, barred=rules.Reason.UNKNOWN)


def _candidate(
    key: str, row: Coupon, member_id: int | None, turn: int, now: dt.datetime
) -> rules.Candidate:
    terms = terms_of(row.template)
    barred = _barred(row, member_id, now)
    return rules.Candidate(key, row.template.name, terms, turn=turn, barred=barred)


_BARRED_BY = {
    Status.PENDING: rules.Reason.PENDING,
    Status.REDEEMED: rules.Reason.USED,
    Status.EXPIRED: rules.Reason.EXPIRED,
    Status.REVOKED: rules.Reason.REVOKED,
}


def _barred(row: Coupon, member_id: int | None, now: dt.datetime) -> rules.Reason | None:
    if row.member_id not in (None, member_id) or (row.held_until and row.held_until > now):
        return rules.Reason.OF_SOMEBODY_ELSE
    if row.status in _BARRED_BY:
        return _BARRED_BY[Status(row.status)]
    if row.reserved_until and row.reserved_until > now:
        return rules.Reason.RESERVED
    if row.expires_at and row.expires_at <= now:
        return rules.Reason.EXPIRED
    starts_at = row.template.starts_at
    return rules.Reason.NOT_STARTED if starts_at and starts_at > now else None


def claim_token(claim: Claim) -> str:
    """The signed token with which a guest fetches what is held for them, after login."""
    return signing.Signer(salt=_CLAIM_SALT).sign(claim.public_id)


def claim_by_token(token: str) -> Claim:
    """Raises ClaimTokenInvalid."""
    try:
        public_id = signing.Signer(salt=_CLAIM_SALT).unsign(token)
    except signing.BadSignature:
        raise ClaimTokenInvalid(pointer="/claim_token") from None
    claim = Claim.objects.filter(public_id=public_id).first()
    if claim is None:
        raise ClaimTokenInvalid(pointer="/claim_token")
    return claim


def coupons_in_state(member_id: int, state: str) -> QuerySet[Any]:
    """A member's coupons of one kind: `usable`, `pending`, `used`, `expired`, or all of them."""
    states = {
        "usable": (Status.ISSUED, Status.RESERVED),
        "pending": (Status.PENDING,),
        "used": (Status.REDEEMED,),
        "expired": (Status.EXPIRED, Status.REVOKED),
    }
    rows = coupons_of(member_id)
    return rows.filter(state__in=states[state]) if state in states else rows


def batch_codes(batch: Batch, *, after: int = 0) -> Iterator[tuple[int, str, dt.datetime | None]]:
    """The codes of a batch as (primary key, code, expiry), in the order they were made.

    Read piece by piece, from the one after the primary key `after`.
    """
    while rows := list(_codes_after(batch, after)):
        yield from rows
        after = rows[-1][0]


def _codes_after(batch: Batch, last: int) -> QuerySet[Any, tuple[Any, ...]]:
    rows = Coupon.objects.filter(batch=batch, pk__gt=last).order_by("pk")
    return rows.values_list("pk", "code", "expires_at")[:CODES_AT_ONCE]


@dataclass(frozen=True)
class Figures:
    """How a template's coupons stand, by status; `pool_left` codes of its pool are free."""

    by_status: dict[str, int]
    pool_left: int


def figures(template: Template) -> Figures:
    counts = Coupon.objects.filter(template=template).values_list("status").annotate(n=Count("pk"))
    left = PoolCode.objects.filter(template=template, coupon=None).count()
    return Figures(dict(counts.order_by("status")), left)
