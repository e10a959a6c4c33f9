"""The present state behind one trigger, and its form in a stored decision."""

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.campaigns.rules.terms import Beneficiary, Trigger


@dataclass(frozen=True)
class LineFacts:
    """What is left of an order line, in minor units, and the tags of its product."""

    tags: tuple[str, ...]
    kept_minor: int


@dataclass(frozen=True)
class OrderFacts:
    """What is left of an order: `kept_minor` = paid − refunded, in minor units."""

    kept_minor: int
    nth: int
    lines: tuple[LineFacts, ...] = ()
    order_id: str = ""
    fulfilled: bool = False


@dataclass(frozen=True)
class RoomFacts:
    """The seats a room needs (its size, or those it completed short with) and those still paid."""

    size: int
    kept_seats: int
    completed: bool


@dataclass(frozen=True)
class ActFacts:
    """An act of a participant. `nth` counts friends, from 1; None for acts nobody counts."""

    nth: int | None = None


@dataclass(frozen=True)
class Circumstances:
    """Who the acting member was at the moment of the fact. Fixed then; never read again later."""

    tier: str = ""
    audiences: tuple[str, ...] = ()
    channel: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class Facts:
    """The present state behind one trigger. `people` maps a beneficiary to members' primary keys.

    `in_time`: it happened soon enough after the acting member joined, see `qualifies`.
    `variant` is the tree's; `is_holdout` means it gets nothing, to compare with. `outranked` names
    the campaigns of the same exclusive group that lost the order to this one. `lists` are the audiences
    that each of the `people` was on when it happened, as far as policies ask about those who get.
    """

    trigger: Trigger
    people: dict[Beneficiary, tuple[int, ...]]
    confirmed: bool = True
    in_window: bool = True
    in_time: bool = True
    order: OrderFacts | None = None
    room: RoomFacts | None = None
    act: ActFacts | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)
    variant: str = ""
    is_holdout: bool = False
    outranked: tuple[str, ...] = ()
    lists: dict[int, tuple[str, ...]] = field(default_factory=dict)


def qualifies(
    *, joined_at: dt.datetime, acted_at: dt.datetime, window: dt.timedelta | None
) -> bool:
    """Whether an act may still earn: before `joined_at` + `window`; always where there is none."""
    return window is None or acted_at < joined_at + window


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Facts as a decision keeps them."""
    body = asdict(facts)
    body["people"] = {str(who): list(members) for who, members in facts.people.items()}
    body["lists"] = {str(member): list(named) for member, named in facts.lists.items()}
    return body


def facts_from_json(body: dict[str, Any]) -> Facts:
    """Facts as a decision kept them; what a later engine added has its default."""
    order, room, act = body.get("order"), body.get("room"), body.get("act")
    circumstances = body.get("circumstances") or {}
    return Facts(
        trigger=Trigger(body["trigger"]),
        people={Beneficiary(who): tuple(members) for who, members in body["people"].items()},
        confirmed=body["confirmed"],
        in_window=body["in_window"],
        in_time=body.get("in_time", True),
        order=_order(order) if order else None,
        room=RoomFacts(**room) if room else None,
        act=ActFacts(**act) if act else None,
        circumstances=Circumstances(
            **{**circumstances, "audiences": tuple(circumstances.get("audiences", ()))}
        ),
        variant=body.get("variant", ""),
        is_holdout=body.get("is_holdout", False),
        outranked=tuple(body.get("outranked", ())),
        lists={int(member): tuple(named) for member, named in body.get("lists", {}).items()},
    )


def _order(row: dict[str, Any]) -> OrderFacts:
    lines = tuple(
        LineFacts(tuple(line["tags"]), line["kept_minor"]) for line in row.get("lines", ())
    )
    return OrderFacts(**{**row, "lines": lines})
