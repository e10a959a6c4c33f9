"""Previews and simulations in an operator's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.campaigns.rules import WORDS, AwardKind, Beneficiary, HoldFrom
from apps.core.templatetags.money import money
from apps.members.models import Member
from apps.members.selectors import faces
from apps.rewards.previewing import SOMEBODY, CapNow, Preview, Previewed
from apps.rewards.rules import Difference, PolicyTally, Tally
from apps.rewards.simulation import Simulated

_UNITS = {
    AwardKind.POINTS: ("point", "points"),
    AwardKind.COUPON: ("coupon", "coupons"),
    AwardKind.GROWTH: ("growth", "growth"),
    AwardKind.CUSTOM: ("gift", "gifts"),
}
_WHO = {
    Beneficiary.MEMBER: "the member",
    Beneficiary.REFERRER: "the referrer",
    Beneficiary.SECOND_REFERRER: "the referrer's referrer",
    Beneficiary.INVITER: "the seat's inviter",
    Beneficiary.HOST: "the room's host",
    Beneficiary.SEATED: "everyone seated",
}
_CAPS = {
    "member": "of {limit} per member",
    "day": "of {limit} a day",
    "order": "of {limit} per order",
    "campaign": "of {limit} in the campaign",
}
_SPANS = ((86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes"))


def amount_words(kind: AwardKind, amount: int, currency: str) -> str:
    """What somebody has, as in “10 points”; of a payable its money."""
    if kind is AwardKind.PAYABLE:
        return money(amount, currency)
    one, many = _UNITS[kind]
    return f"{amount:,} {one if amount == 1 else many}"


def held_words(held: Mapping[AwardKind, int], currency: str) -> str:
    """All that somebody has; “nothing”."""
    words = [amount_words(kind, amount, currency) for kind, amount in held.items()]
    return ", ".join(words) or "nothing"


def span_words(seconds: int) -> str:
    """A time in its largest whole unit, as in “7 days”."""
    for size, one, many in _SPANS:
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count:,} {one if count == 1 else many}"
    return f"{seconds:,} seconds"


@dataclass(frozen=True)
class AwardRow:
    """An award that would be given, or kept back right now (`why`)."""

    who: str
    gets: str
    policy: str
    cost: str
    settles: str
    caps: str
    why: str


@dataclass(frozen=True)
class RefusalRow:
    who: str
    policy: str
    operator: str
    shopper: str
    developer: str
    reason: str


@dataclass(frozen=True)
class Answer:
    """A preview as a page shows it."""

    awards: tuple[AwardRow, ...]
    refusals: tuple[RefusalRow, ...]
    cost: str
    budget: str
    left: str
    left_after: str
    version: str


def answer_of(seen: Preview) -> Answer:
    """A preview in words. Everyone seated who gets the same is one row."""
    currency = seen.campaign.currency
    named = {row.award.member_id for row in seen.awards} | {
        row.member_id for row in seen.refusals if row.member_id
    }
    names = member_names(member for member in named if member > SOMEBODY)
    awards: dict[tuple[str, str], AwardRow] = {}
    for row in seen.awards:
        told = _award_row(row, seen, names)
        many = row.award.beneficiary is Beneficiary.SEATED
        awards.setdefault((told.policy + told.why, "" if many else told.who), told)
    refusals = {
        (row.policy, row.beneficiary, row.reason): RefusalRow(
            _who(row.beneficiary, row.member_id, names),
            seen.names[row.policy],
            WORDS[row.reason].operator,
            WORDS[row.reason].shopper,
            WORDS[row.reason].developer,
            row.reason,
        )
        for row in seen.refusals
    }
    left = seen.left_minor
    version = seen.promise.version
    return Answer(
        awards=tuple(awards.values()),
        refusals=tuple(refusals.values()),
        cost=money(seen.cost_minor, currency),
        budget="no limit" if seen.budget_minor is None else money(seen.budget_minor, currency),
        left="no limit" if left is None else money(left, currency),
        left_after="no limit" if left is None else money(left - seen.cost_minor, currency),
        version="the draft" if version is None else f"version {version}",
    )


def _award_row(row: Previewed, seen: Preview, names: Mapping[int, str]) -> AwardRow:
    award, currency = row.award, seen.campaign.currency
    gets = amount_words(award.kind, award.amount, currency)
    if row.policy.gift and award.kind is AwardKind.CUSTOM:
        gets = row.policy.gift
    many = award.beneficiary is Beneficiary.SEATED
    seats = len(seen.facts.people.get(Beneficiary.SEATED, ())) if many else 1
    cost = money(row.cost_minor, currency)
    return AwardRow(
        who=_who(award.beneficiary, award.member_id, names),
        gets=f"{gets} each" if seats > 1 else gets,
        policy=row.policy.name,
        cost=f"{seats} × {cost}" if seats > 1 else cost,
        settles=_settles(award.hold_seconds, award.hold_from),
        caps=", ".join(map(_cap, row.caps)),
        why=WORDS[row.kept_back].operator if row.kept_back else "",
    )


def _settles(seconds: int, start: HoldFrom) -> str:
    of = "fulfilment" if start is HoldFrom.FULFILMENT else "the fact"
    return f"{span_words(seconds)} after {of}" if seconds else f"at once from {of}"


def _cap(cap: CapNow) -> str:
    return f"{cap.used:,} {_CAPS[cap.scope].format(limit=f'{cap.limit:,}')}"


def _who(beneficiary: Beneficiary, member_id: int | None, names: Mapping[int, str]) -> str:
    role = _WHO[beneficiary]
    if beneficiary is Beneficiary.SEATED or member_id not in names:
        return role
    return f"{names[member_id or 0]}, {role}"


def member_names(member_ids: Iterable[int]) -> dict[int, str]:
    """How members are called: their nickname, else their public id."""
    rows = Member.objects.filter(pk__in=set(member_ids)).values_list("pk", "public_id")
    known = dict(rows)
    shown = faces(set(known))
    return {
        pk: (shown[pk].nickname if pk in shown else "") or public_id
        for pk, public_id in known.items()
    }


@dataclass(frozen=True)
class Figure:
    words: str
    really: str
    would: str


@dataclass(frozen=True)
class PolicyRow:
    """A policy's part of both, and the width of its bars in hundredths of the widest."""

    name: str
    really: PolicyTally
    would: PolicyTally
    really_width: int
    would_width: int


@dataclass(frozen=True)
class ChangeRow:
    member: str
    really: str
    would: str
    difference: str


@dataclass(frozen=True)
class Told:
    """A simulation as a page and a terminal show it."""

    title: str
    currency: str
    figures: tuple[Figure, ...]
    policies: tuple[PolicyRow, ...]
    refused: tuple[tuple[str, int], ...]
    gainers: int
    losers: int
    unchanged: int
    top_gainers: tuple[ChangeRow, ...]
    top_losers: tuple[ChangeRow, ...]


def told(result: Simulated) -> Told:
    """A simulation in words."""
    question, currency = result.question, result.question.campaign.currency
    compared = result.comparison
    changed = (*compared.top_gainers, *compared.top_losers)
    names = member_names(row.member_id for row in changed)
    return Told(
        title=f"{question.campaign}, {question.since:%-d %B %Y} until now",
        currency=currency,
        figures=_figures(result),
        policies=_policy_rows(result),
        refused=tuple(
            (WORDS[reason].operator, count) for reason, count in result.would.refused.most_common()
        ),
        gainers=compared.gainers,
        losers=compared.losers,
        unchanged=compared.unchanged,
        top_gainers=tuple(_change(row, names, currency) for row in compared.top_gainers),
        top_losers=tuple(_change(row, names, currency) for row in compared.top_losers),
    )


def _figures(result: Simulated) -> tuple[Figure, ...]:
    currency = result.question.campaign.currency
    really, would = result.really, result.would

    def left(minor: int | None) -> str:
        return "no limit" if minor is None else money(minor, currency)

    return (
        Figure("Grants", f"{really.grants:,}", f"{would.grants:,}"),
        Figure("Cost", money(really.cost_minor, currency), money(would.cost_minor, currency)),
        Figure("Left of the budget", left(result.really_left_minor), left(result.would_left_minor)),
        Figure("Members with a reward", f"{_rewarded(really):,}", f"{_rewarded(would):,}"),
    )


def _rewarded(tally: Tally) -> int:
    return len({member for (member, _), amount in tally.amounts.items() if amount})


def _policy_rows(result: Simulated) -> tuple[PolicyRow, ...]:
    """One row per policy of either; those that were published once and are gone come last."""
    campaign = result.question.campaign
    names = {
        row["policy"]: row["name"]
        for version in campaign.versions.order_by("pk")
        for row in version.policies
    }
    names |= {policy.policy: policy.name for policy in result.question.terms}
    order = [policy.policy for policy in result.question.terms]
    order += [policy for policy in result.really.by_policy if policy not in set(order)]
    pairs = [
        (
            policy,
            result.really.by_policy.get(policy, PolicyTally()),
            result.would.by_policy.get(policy, PolicyTally()),
        )
        for policy in order
    ]
    widest = max((max(a.cost_minor, b.cost_minor) for _, a, b in pairs), default=0) or 1
    return tuple(
        PolicyRow(
            names.get(policy, policy),
            really,
            would,
            really.cost_minor * 100 // widest,
            would.cost_minor * 100 // widest,
        )
        for policy, really, would in pairs
    )


def _change(row: Difference, names: Mapping[int, str], currency: str) -> ChangeRow:
    sign = "+" if row.cost_minor > 0 else ""
    return ChangeRow(
        names.get(row.member_id, str(row.member_id)),
        held_words(row.really, currency),
        held_words(row.would, currency),
        sign + money(row.cost_minor, currency) if row.cost_minor else "no money",
    )
