"""Taking back what a refund should take back: void while pending, claw back once settled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.campaigns.rules import AwardKind, divide_rounded
from apps.core.clock import engine_now
from apps.core.services import event_record
from apps.points.services import Purse, purses_lock
from apps.rewards import events
from apps.rewards.models import ClawBack, Grant
from apps.rewards.rules import Shrink
from apps.rewards.services.instruments import INSTRUMENTS, LOCK_ORDER

Status = Grant.Status


@dataclass(frozen=True)
class Freed:
    """What taking back gives back to the budget, in minor units: of reserved, and of spent."""

    reserved_minor: int = 0
    spent_minor: int = 0

    def __add__(self, other: "Freed") -> "Freed":
        return Freed(
            self.reserved_minor + other.reserved_minor, self.spent_minor + other.spent_minor
        )

    def __bool__(self) -> bool:
        return bool(self.reserved_minor or self.spent_minor)


def grants_take_back(
    *, grants: Mapping[int, Grant], shrinks: Sequence[Shrink], cause: str
) -> Freed:
    """Take back from locked grants of any kind; what the caller frees of the budget, last.

    Locks coupons and obligations, then the accounts of those whose points are concerned.
    """
    points: list[Shrink] = []
    others: list[Shrink] = []
    for shrink in shrinks:
        of_points = grants[shrink.grant].kind == AwardKind.POINTS
        (points if of_points else others).append(shrink)
    freed = grants_shrink(grants=grants, shrinks=others, cause=cause)
    concerned = {grants[shrink.grant].member_id for shrink in points}
    purses = purses_lock(member_ids=concerned) if concerned else {}
    return freed + grants_shrink(grants=grants, shrinks=points, cause=cause, purses=purses)


def grants_shrink(
    *,
    grants: Mapping[int, Grant],
    shrinks: Sequence[Shrink],
    cause: str,
    purses: Mapping[int, Purse] | None = None,
) -> Freed:
    """Take back from grants, once per (grant, cause); what the caller frees of the budget, last.

    `grants` by primary key. The caller has locked them and, of points, their members' accounts,
    `purses`; locks coupons and obligations.
    """
    freed = Freed()
    for shrink in _in_lock_order(grants, shrinks):
        grant = grants[shrink.grant]
        was_settled = grant.status == Status.SETTLED
        purse = (purses or {}).get(grant.member_id)
        cost = _shrink(grant, shrink.amount, cause, purse)
        freed += Freed(spent_minor=cost) if was_settled else Freed(reserved_minor=cost)
    return freed


def _in_lock_order(grants: Mapping[int, Grant], shrinks: Iterable[Shrink]) -> list[Shrink]:
    return sorted(shrinks, key=lambda shrink: LOCK_ORDER[AwardKind(grants[shrink.grant].kind)])


def _shrink(grant: Grant, amount: int, cause: str, purse: Purse | None) -> int:
    """Take `amount` of one grant; the cost that is freed, in minor units."""
    pending = grant.status != Status.SETTLED
    now = engine_now()
    taken = INSTRUMENTS[AwardKind(grant.kind)].take_back(grant, amount, cause, now, purse)
    ClawBack.objects.create(
        grant=grant,
        cause=cause,
        amount=amount,
        owed=taken.owed,
        lost=taken.lost,
        while_pending=pending,
    )
    grant.taken_back += amount
    grant.lost += taken.lost
    cost_left = min(cost_of(grant), grant.cost_minor)  # less where an expired coupon freed it
    freed = grant.cost_minor - cost_left
    grant.cost_minor = cost_left
    if grant.left == 0:
        grant.status = Status.VOID if pending else Status.CLAWED_BACK
    grant.save(update_fields=["taken_back", "lost", "cost_minor", "status"])
    event_record(
        key=f"{events.TAKEN_BACK}:{grant.public_id}:{grant.taken_back}",
        kind=events.TAKEN_BACK,
        payload={
            "grant": grant.public_id,
            "kind": grant.kind,
            "amount": amount,
            "owed": taken.owed,
            "lost": taken.lost,
            "status": grant.status,
        },
        occurred_at=now,
        is_test=grant.campaign.is_test,
    )
    return freed


def cost_of(grant: Grant) -> int:
    """What a grant costs after what was taken back, so that any parts free as much as the whole.

    Its full cost times what is left or lost of its amount, rounded half up.
    """
    return divide_rounded(grant.full_cost_minor * (grant.left + grant.lost), grant.amount)
