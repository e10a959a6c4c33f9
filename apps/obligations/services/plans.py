"""When statements are made by themselves."""

import datetime as dt
import zoneinfo

from apps.core.clock import EngineNow, engine_now
from apps.core.errors import Invalid
from apps.core.transactions import in_transaction, retrying
from apps.obligations import rules, selectors
from apps.obligations.models import PayoutPlan
from apps.obligations.rules import Schedule
from apps.obligations.services.payouts import payouts_close

# In one sweep, so that no other deadline waits long for it; the rest follows a second later.
MEMBERS_AT_ONCE = 300


class TimeZoneUnknown(Invalid):
    code = "time_zone_unknown"
    message = "There is no such time zone. Name one like Asia/Shanghai."


@in_transaction
def plan_open(*, is_test: bool) -> PayoutPlan:
    """The plan of this mode; a first look makes it: every month, on the 1st, in UTC."""
    plan = PayoutPlan.objects.filter(is_test=is_test).first()
    if plan is None:
        fresh = PayoutPlan(is_test=is_test, next_at=_next(PayoutPlan(), engine_now()))
        PayoutPlan.objects.bulk_create([fresh], ignore_conflicts=True)
        plan = PayoutPlan.objects.get(is_test=is_test)
    return plan


@in_transaction
def plan_change(
    *, is_test: bool, schedule: str, day: int, time_zone: str, minimum_minor: int
) -> PayoutPlan:
    """Change when statements are made; the next moment follows from now on.

    Raises TimeZoneUnknown. Locks the plan.
    """
    plan_open(is_test=is_test)
    plan = _lock(is_test)
    plan.schedule, plan.day, plan.time_zone = schedule, day, time_zone
    plan.minimum_minor = minimum_minor
    plan.next_at = _next(plan, engine_now())
    plan.save()
    return plan


@in_transaction
def plan_run_now(*, is_test: bool) -> PayoutPlan:
    """Let the plan's moment be now: the next sweep begins with its statements. Locks the plan."""
    plan_open(is_test=is_test)
    plan = _lock(is_test)
    plan.next_at = engine_now()
    plan.save(update_fields=["next_at"])
    return plan


def payouts_sweep() -> int:
    """Make statements of each plan whose moment has come; how many. After the last, set its next."""
    done = 0
    for is_test in PayoutPlan.objects.filter(next_at__lte=EngineNow()).values_list(
        "is_test", flat=True
    ):
        done += _sweep(is_test)
    return done


def _sweep(is_test: bool) -> int:
    plan = PayoutPlan.objects.get(is_test=is_test)
    if plan.next_at is None:
        return 0
    made = payouts_close(
        now=plan.next_at,
        is_test=is_test,
        minimum_minor=plan.minimum_minor,
        limit=MEMBERS_AT_ONCE,
    )
    left = selectors.members_to_pay(
        until=plan.next_at, is_test=is_test, minimum_minor=plan.minimum_minor, limit=1
    )
    if not left:  # else the plan stays due, for the rest or for one that failed
        retrying(lambda: _advance(is_test, plan.next_at))
    return made


@in_transaction
def _advance(is_test: bool, past: dt.datetime | None) -> None:
    plan = _lock(is_test)
    if plan.next_at == past:
        plan.next_at = _next(plan, engine_now())
        plan.save(update_fields=["next_at"])


def _lock(is_test: bool) -> PayoutPlan:
    return PayoutPlan.objects.select_for_update(of=("self",), no_key=True).get(is_test=is_test)


def _next(plan: PayoutPlan, after: dt.datetime) -> dt.datetime | None:
    try:
        return rules.next_close(
            Schedule(plan.schedule), day=plan.day, time_zone=plan.time_zone, after=after
        )
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TimeZoneUnknown(pointer="/time_zone") from error
