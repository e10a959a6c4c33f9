"""Bringing a shop's history in, without rewards. Run twice, it changes nothing."""

import contextlib
import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO

from django.db import transaction

from apps.campaigns.models import Campaign
from apps.core.errors import EngineError
from apps.core.transactions import in_transaction, retrying
from apps.imports import rules
from apps.imports.rules import ImportKind, Line, LineUnreadable
from apps.invites.services.importing import Imported, Referral, participants_import
from apps.members.models import Identity, Member, Profile
from apps.members.selectors import member_by_external_id
from apps.members.services import member_register
from apps.points.services import points_import
from apps.tiers.models import TierChange
from apps.tiers.services import tier_import

AT_ONCE = 500


@dataclass(frozen=True)
class Refused:
    """A line that was not brought in: its number, the column that is to blame, and why."""

    line: int
    field: str
    reason: str


@dataclass
class Tally:
    """What an import did so far. `points` is what its balances add up to."""

    applied: int = 0
    points: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Order:
    """What is brought in, for whom. `campaign` is for referrers alone."""

    kind: ImportKind
    is_test: bool
    now: dt.datetime
    campaign: Campaign | None = None
    dry_run: bool = False


def history_import(*, source: IO[str], order: Order, tally: Tally) -> Iterator[Refused]:
    """Bring a CSV file in, line by line; yields what it refuses and counts in `tally`.

    As `history_steps`, which says how.
    """
    for refused in history_steps(source=source, order=order, tally=tally):
        yield from refused


def history_steps(*, source: IO[str], order: Order, tally: Tally) -> Iterator[list[Refused]]:
    """Bring a CSV file in; yields what each step refuses, so that whoever asks can tell how far it is.

    Each 500 lines are a transaction of their own: what was brought in stays when a later line breaks
    the file. A dry run undoes each of these at once, so that nobody waits for a lock of its own:
    what a line would change for lines further down is not seen. Referrers are one step, and their
    dry run one transaction. Raises FileUnreadable. Must be read to its end. Locks what each line's
    service locks.
    """
    lines = rules.lines_of(source, order.kind)
    if order.kind is ImportKind.REFERRERS:
        yield from _referrers_step(lines, order, tally)
        return
    apply = {
        ImportKind.MEMBERS: _member,
        ImportKind.BALANCES: _balance,
        ImportKind.TIERS: _tier,
    }[order.kind]
    while batch := list(itertools.islice(lines, AT_ONCE)):
        outcomes = retrying(partial(_batch, batch, order, apply))
        refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        tally.refused += len(refused)
        tally.applied += outcomes.count(True)
        tally.unchanged += outcomes.count(False)
        if order.kind is ImportKind.BALANCES:
            moved = zip(batch, outcomes, strict=True)
            tally.points += sum(rules.points(line) for line, outcome in moved if outcome is True)
        yield refused


def _referrers_step(lines: Iterator[Line], order: Order, tally: Tally) -> Iterator[list[Refused]]:
    with transaction.atomic() if order.dry_run else contextlib.nullcontext():
        yield list(_referrers(lines, order, tally))
        if order.dry_run:
            transaction.set_rollback(True)


Apply = Callable[[Line, Order], bool]


@in_transaction
def _batch(lines: list[Line], order: Order, apply: Apply) -> list[bool | Refused]:
    """What each line did. A dry run undoes it."""
    with transaction.atomic():
        outcomes = [_one(line, order, apply) for line in lines]
        if order.dry_run:
            transaction.set_rollback(True)
    return outcomes


def _one(line: Line, order: Order, apply: Apply) -> bool | Refused:
    """Whether the line changed anything, or why it was refused. A refused one undoes only itself."""
    try:
        rules.check_line(line, order.kind)
        with transaction.atomic():
            return apply(line, order)
    except LineUnreadable as error:
        return Refused(line.number, error.field, error.reason)
    except EngineError as error:
        return Refused(line.number, error.pointer.strip("/"), str(error))


def _member(line: Line, order: Order) -> bool:
    """Register a member, or add what is missing. What is known already is never overwritten."""
    cells = line.cells
    identities = _identities(line)
    first = rules.past(line, "first_order_at", order.now)
    known = _known(cells["external_id"], identities, order)
    missing = [identity for identity in identities if not known or identity not in _has(known)]
    named = Profile.objects.filter(member=known).exclude(nickname="").exists() if known else False
    nickname = None if named else cells["nickname"] or None
    first_order_at = None if known and known.first_order_at else first
    external = (Identity.Kind.EXTERNAL_ID, "", cells["external_id"])
    if known and not missing and not nickname and not first_order_at and external in _has(known):
        return False
    member_register(
        external_id=cells["external_id"],
        now=order.now,
        is_test=order.is_test,
        nickname=nickname,
        first_order_at=first_order_at,
        identities=identities,
    )
    return True


Known = tuple[Identity.Kind, str, str]


def _identities(line: Line) -> tuple[Known, ...]:
    cells = line.cells
    if bool(cells["openid"]) != bool(cells["openid_app_id"]):
        empty = "openid_app_id" if cells["openid"] else "openid"
        raise LineUnreadable(empty, "An openid and its app's id belong together.")
    given = (
        (Identity.Kind.OPENID, cells["openid_app_id"], cells["openid"]),
        (Identity.Kind.UNIONID, "", cells["unionid"]),
        (Identity.Kind.PHONE, "", rules.phone_hash(line)),
    )
    return tuple(identity for identity in given if identity[2])


def _known(external_id: str, identities: tuple[Known, ...], order: Order) -> Member | None:
    wanted = ((Identity.Kind.EXTERNAL_ID, "", external_id), *identities)
    for kind, namespace, value in wanted:
        row = Identity.objects.select_related("member").filter(
            is_test=order.is_test, kind=kind, namespace=namespace, value=value
        )
        if found := row.first():
            return found.member
    return None


def _has(member: Member) -> set[Known]:
    rows = Identity.objects.filter(member=member).values_list("kind", "namespace", "value")
    return {(Identity.Kind(kind), namespace, value) for kind, namespace, value in rows}


def _balance(line: Line, order: Order) -> bool:
    amount = rules.points(line)
    expires_at = rules.future(line, "expires_at", order.now)
    member = _named(line, "external_id", order)
    moved = points_import(
        member_id=member.pk,
        amount=amount,
        expires_at=expires_at,
        key=rules.key_of(order.kind, member.public_id, line),
        now=order.now,
    )
    return moved is not None


def _tier(line: Line, order: Order) -> bool:
    until = rules.future(line, "until", order.now)
    member = _named(line, "external_id", order)
    key = rules.key_of(order.kind, member.public_id, line)
    before = TierChange.objects.filter(import_key=key).exists()
    tier_import(member_id=member.pk, tier=line.cells["tier"], until=until, key=key, now=order.now)
    return not before


def _named(line: Line, field: str, order: Order) -> Member:
    return member_by_external_id(line.cells[field], is_test=order.is_test, pointer=f"/{field}")


def _referrers(lines: Iterator[Line], order: Order, tally: Tally) -> Iterator[Refused]:
    assert order.campaign is not None, "referrers are brought into a campaign"
    unreadable: list[Refused] = []
    done = Imported()
    refused = participants_import(
        campaign=order.campaign,
        lines=_referrals(lines, order, unreadable),
        now=order.now,
        done=done,
    )
    for row in refused:
        tally.refused += 1
        yield Refused(row.line, row.field, row.reason)
    for early in unreadable:
        tally.refused += 1
        yield early
    tally.applied, tally.unchanged = done.created, done.unchanged


def _referrals(lines: Iterator[Line], order: Order, refused: list[Refused]) -> Iterator[Referral]:
    for line in lines:
        try:
            rules.check_line(line, order.kind)
            yield _referral(line, order)
        except LineUnreadable as error:
            refused.append(Refused(line.number, error.field, error.reason))
        except EngineError as error:
            refused.append(Refused(line.number, error.pointer.strip("/"), str(error)))


def _referral(line: Line, order: Order) -> Referral:
    above = line.cells["referrer_external_id"]
    return Referral(
        line=line.number,
        member_id=_named(line, "external_id", order).pk,
        referrer_id=_named(line, "referrer_external_id", order).pk if above else None,
        joined_at=rules.past(line, "joined_at", order.now),
    )
