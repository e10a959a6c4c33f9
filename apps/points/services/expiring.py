"""Points whose time is up, and the notice before."""

import datetime as dt

from apps.core import sweepers
from apps.core.clock import EngineNow, engine_now
from apps.core.ids import new_id
from apps.core.services import event_record
from apps.core.transactions import in_transaction
from apps.members.models import Member
from apps.points import events, rules
from apps.points.models import Lot
from apps.points.models.ledger import LotQuerySet
from apps.points.selectors import programme_of
from apps.points.services.ledger import Effects, Instruction, Kind, Leg, move
from apps.points.services.purses import Purpose, Purse, purse_lock


def points_expire() -> int:
    """Take what expired, one member per transaction; of how many. At most a batch of lots a run."""
    due = Lot.objects.expired().order_by("expires_at", "pk")
    return sweepers.each_due(_members_of(due), member_points_expire)


@in_transaction
def member_points_expire(member_id: int) -> int:
    """Take a member's expired points; 1 when there were any. Locks the member's accounts."""
    purse = purse_lock(member_id)
    return int(lots_expire(purse, engine_now()) > 0)


def lots_expire(purse: Purse, now: dt.datetime) -> int:
    """Take what expired out of a locked purse and say so; how many points."""
    rows = Lot.objects.expired().filter(account_id=purse.available.pk)
    takes = [rules.Taken(*row) for row in rows.values_list("pk", "remaining")]
    amount = sum(part.amount for part in takes)
    if not takes:
        return 0
    # Under the lock, and a lot that is emptied is not found again: any fresh key will do.
    asked = Instruction(f"expire:{new_id('exp')}", amount, "", now)
    leg = Leg(Kind.EXPIRE, purse.available, Purpose.EXPIRED, amount)
    (moved,) = move(asked, purse, leg, effects=Effects(takes=takes))
    member = Member.objects.get(pk=purse.member_id)
    event_record(
        key=f"{events.EXPIRED}:{moved.public_id}",
        kind=events.EXPIRED,
        payload={"member": member.public_id, "points": amount, "transfer": moved.public_id},
        occurred_at=now,
        is_test=member.is_test,
    )
    return amount


def points_announce() -> int:
    """Tell of points that expire soon, once per lot, one member per transaction; of how many."""
    told = 0
    for is_test in (False, True):
        days = programme_of(is_test=is_test).notice_days
        soon = Lot.objects.to_announce().filter(
            account__member__is_test=is_test, expires_at__lte=EngineNow() + dt.timedelta(days=days)
        )
        if days:
            told += sweepers.each_due(
                _members_of(soon.order_by("expires_at", "pk")), member_points_announce
            )
    return told


@in_transaction
def member_points_announce(member_id: int) -> int:
    """Record one event of all lots that expire soon; 1 when there are any.

    Locks the member's accounts.
    """
    purse = purse_lock(member_id)
    member = Member.objects.get(pk=member_id)
    notice = dt.timedelta(days=programme_of(is_test=member.is_test).notice_days)
    lots = list(
        Lot.objects.to_announce()
        .filter(account_id=purse.available.pk, expires_at__lte=EngineNow() + notice)
        .order_by("expires_at", "pk")
    )
    if not lots:
        return 0
    now = engine_now()
    Lot.objects.filter(pk__in=[lot.pk for lot in lots]).update(noticed_at=now)
    event_record(
        key=f"{events.EXPIRING}:{lots[0].pk}",
        kind=events.EXPIRING,
        payload={
            "member": member.public_id,
            "points": sum(lot.remaining for lot in lots),
            "lots": [
                {"points": lot.remaining, "expires_at": _text(lot.expires_at)} for lot in lots
            ],
        },
        occurred_at=now,
        is_test=member.is_test,
    )
    return 1


def _members_of(lots: LotQuerySet) -> list[int]:
    """Whose lots these are, the first of each first, out of a batch of lots."""
    owners = lots.values_list("account__member_id", flat=True)[: sweepers.BATCH]
    return list(dict.fromkeys(owners))


def _text(moment: dt.datetime | None) -> str:
    return moment.isoformat() if moment else ""
