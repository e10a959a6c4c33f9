"""A world in which bob asks for something once, and all that is there afterwards, compared both ways.

What a door does in one look and one write must be what it does step by step: answers, rows, events.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client

from apps.campaigns.models import Budget, Campaign
from apps.core.models import Event, IdempotentReply
from apps.invites.models import Link, Participant, Touch, Trace, Visit
from apps.invites.rules import Opening
from apps.invites.selectors import visit_token
from apps.invites.services import visit_record
from apps.members.credentials import MemberClaims, member_token_issue
from apps.members.models import Member
from tests.conftest import wipe
from tests.makers import now

PHONE = Opening("GET", "", is_bot=False)
NAME = re.compile(r"\b(act_|mem_|par_|room_|seat_|off_|cmp_|vis_|sale-)\w+")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?")


@dataclass(kw_only=True)
class World:
    """Ann's link to a campaign, and bob, who asks with `body`: to join, here."""

    campaign: Campaign
    link: Link
    bob: Member
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"campaigns/{self.campaign.public_id}/join"

    def opened(self, link: Link | None = None, opening: Opening = PHONE) -> Visit:
        """Bob opens a link; its token goes with what he asks."""
        visit = visit_record(link=link or self.link, opening=opening)
        self.body["visit_token"] = visit_token(visit)
        visit.refresh_from_db()
        return visit

    def pause(self) -> None:
        Campaign.objects.filter(pk=self.campaign.pk).update(status="paused")

    def stop(self) -> None:
        Campaign.objects.filter(pk=self.campaign.pk).update(stopped_at=now())

    def spend_all_but_the_tail(self) -> None:
        Budget.objects.filter(campaign=self.campaign).update(amount_minor=10, tail_bps=10_000)

    def ask(self, key: str = "k1") -> Any:
        claims = MemberClaims(self.bob.pk, self.bob.public_id, False)
        token, _ = member_token_issue(claims, now=now())
        return Client().post(
            f"/api/v1/{self.address}",
            self.body,
            "application/json",
            HTTP_AUTHORIZATION=f"Bearer {token}",
            HTTP_IDEMPOTENCY_KEY=key,
        )

    def outcome(self) -> list[Any]:
        """What is answered, again too, and all that is there afterwards."""
        answer, again = self.ask(), self.ask()
        if answer.status_code in (200, 201):
            assert again.headers["Idempotent-Replayed"] == "true"
            assert again.json() == answer.json()
        left = [answer.status_code, answer.json(), IdempotentReply.objects.count()]
        return [*left, participants(), touches(), traces(), events()]


def nameless(told: list[Any]) -> str:
    """What was told, without names and times."""
    return MOMENT.sub("<t>", NAME.sub(r"\1", json.dumps(told, default=str)))


def tried_at_once(monkeypatch: pytest.MonkeyPatch, services: ModuleType, name: str) -> list[Any]:
    """What came of the attempts to do it at once, from now on."""
    came: list[Any] = []
    real = getattr(services, name)

    def watched(**asked: Any) -> Any:
        came.append(real(**asked))
        return came[-1]

    monkeypatch.setattr(services, name, watched)
    return came


def assert_both_ways_agree(
    situation: Callable[[], Any],
    *,
    services: ModuleType,
    name: str,
    at_once: bool,
    told: Callable[[Any], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    invariants_hold: Callable[[], None],
) -> None:
    """By the service `name`, exactly if it does this situation `at_once`, and then without it."""
    came = tried_at_once(monkeypatch, services, name)
    first = nameless(told(situation()))
    invariants_hold()
    assert bool(came and came[0]) == at_once
    wipe()
    monkeypatch.setattr(services, name, lambda **_asked: None)
    assert nameless(told(situation())) == first


def ranks(rows: QuerySet[Any]) -> dict[int | None, int]:
    """What rows are called here: their place among those that were made before and after them."""
    return {pk: rank for rank, pk in enumerate(rows.order_by("pk").values_list("pk", flat=True))}


def participants() -> list[Any]:
    who = ranks(Participant.objects.all())
    return [
        [
            who[p.pk],
            who.get(p.referrer_id),
            who.get(p.root_id),
            p.generation,
            bool(p.variant),
            p.crossed,
        ]
        + [p.circumstances, p.status, ranks(Member.objects.all())[p.member_id]]
        for p in Participant.objects.order_by("pk")
    ]


def touches() -> list[Any]:
    where, by = ranks(Campaign.objects.all()), ranks(Link.objects.all())
    return [
        [t.source, where[t.campaign_id], by[t.link_id], t.visit_id is not None]
        + [t.visit is None or t.touched_at == t.visit.opened_at]
        for t in Touch.objects.order_by("pk")
    ]


def traces() -> list[Any]:
    who, which = ranks(Participant.objects.all()), ranks(Touch.objects.all())
    return [
        [who[trace.participant_id], who.get(trace.referrer_id)]
        + [
            row | {"touch": which[row["touch"]], "referrer": who[row["referrer"]]}
            for row in trace.candidates
        ]
        for trace in Trace.objects.order_by("pk")
    ]


def events() -> list[Any]:
    # Of the rest, how hosts came to pay for their seats, names are as they fall.
    rows = Event.objects.filter(kind__regex="^(seat|participant)").order_by("kind", "pk")
    return [[e.key, e.kind, e.payload, e.is_test, e.hops, e.status, e.attempts] for e in rows]
