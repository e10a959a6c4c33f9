"""Everything that the rules ask of somebody at a campaign's door, in one look."""

import datetime as dt
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from apps.campaigns.models import Budget, Campaign
from apps.core import statements
from apps.invites.rules import Source, code_meant
from apps.invites.selectors import Brought, is_cookie_token, visit_named


def _columns(model: type[Model], *names: str) -> tuple[str, ...]:
    """These columns, in the order in which `Model.from_db` expects them."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname in names)


_CAMPAIGN = _columns(
    Campaign,
    "id",
    "public_id",
    "is_test",
    "status",
    "starts_at",
    "ends_at",
    "shown_from",
    "stopped_at",
    "currency",
    "qualifying_act",
    "attribution",
    "attribution_window",
    "counts_group_discounts",
    "published_version_id",
)
_BUDGET = _columns(Budget, "id", "amount_minor", "reserved_minor", "spent_minor", "tail_bps")
_LINK = """link.id, link.revoked_at IS NOT NULL, owner.id, owner.member_id, owner.campaign_id,
  theirs.is_test, coalesce(promised.policies @> '[{"trigger": "friend_confirmed"}]', false),
  (link.starts_at IS NULL OR link.starts_at <= %(now)s)
    AND (link.expires_at IS NULL OR %(now)s < link.expires_at)"""
_KEPT_AS = """SELECT kept.source FROM invites_touch kept
   WHERE kept.member_id = member.id AND kept.visit_id = visit.id"""
_OWNER = """
LEFT JOIN invites_participant owner ON owner.id = link.participant_id
LEFT JOIN campaigns_campaign theirs ON theirs.id = owner.campaign_id
LEFT JOIN campaigns_version promised ON promised.id = owner.version_id"""
_BY_CODE = (
    f"{_LINK}, NULL, NULL, '', '', NULL",
    f"LEFT JOIN invites_link link ON link.code = %(code)s {_OWNER}",
)
_BY_VISIT = (
    f"{_LINK}, visit.id, visit.opened_at, visit.skipped, visit.channel, ({_KEPT_AS})",
    f"""LEFT JOIN invites_visit visit ON visit.click_id = %(click_id)s
LEFT JOIN invites_link link ON link.id = visit.link_id {_OWNER}""",
)
_BY_NOTHING = ("NULL, false, NULL, NULL, NULL, NULL, false, true, NULL, NULL, '', '', NULL", "")
_LOOK_FOR = """
SELECT {campaign}, {budget},
  version.variants <> '[]',
  member.public_id, member.is_test,
  member.first_order_at IS NOT NULL
    OR EXISTS (SELECT FROM orders_order WHERE orders_order.member_id = member.id),
  (SELECT tier.code FROM tiers_membership held JOIN tiers_tier tier ON tier.id = held.tier_id
   WHERE held.member_id = member.id),
  ARRAY(SELECT audience.public_id FROM campaigns_audiencemember one
        JOIN campaigns_audience audience ON audience.id = one.audience_id
        WHERE one.member_id = member.id),
  EXISTS (SELECT FROM invites_touch kept
          WHERE kept.campaign_id = campaign.id AND kept.member_id = member.id),
  EXISTS (SELECT FROM coupons_coupon coupon
          JOIN invites_couponlink brings ON brings.campaign_id = campaign.id
           AND (brings.template_id = coupon.template_id OR brings.batch_id = coupon.batch_id)
          WHERE coupon.member_id = member.id),
  mine.id, mine.status, mine.referrer_id, mine.variant, mine.crossed,
  {told}
FROM campaigns_campaign campaign
JOIN campaigns_version version ON version.id = campaign.published_version_id
JOIN members_member member ON member.id = %(member_id)s::bigint
LEFT JOIN campaigns_budget budget ON budget.campaign_id = campaign.id
LEFT JOIN invites_participant mine
  ON mine.campaign_id = campaign.id AND mine.member_id = member.id
{joins}
WHERE campaign.id = %(campaign_id)s::bigint
"""


_LOOK = {
    source: _LOOK_FOR.format(
        campaign=", ".join(f"campaign.{name}" for name in _CAMPAIGN),
        budget=", ".join(f"budget.{name}" for name in _BUDGET),
        told=told,
        joins=joins,
    )
    for source, (told, joins) in {
        None: _BY_NOTHING,
        Source.VISIT: _BY_VISIT,
        Source.CODE: _BY_CODE,
    }.items()
}


class Person(NamedTuple):
    """Who asks: as they stand in the shop, and in the campaign if they are in it."""

    has_variants: bool
    public_id: str
    is_test: bool
    bought_before: bool
    tier: str | None
    audiences: list[str]
    has_touches: bool
    has_coupons: bool
    participant: int | None
    status: str | None
    referrer: int | None
    variant: str | None
    crossed: bool | None


class Told(NamedTuple):
    """The link somebody says brought them, and the visit by which it did; empty when nothing did."""

    link: int | None
    revoked: bool
    owner: int
    owner_member: int
    campaign: int
    is_test: bool
    counts_friends: bool
    in_time: bool
    visit: int | None
    opened_at: dt.datetime | None
    skipped: str
    channel: str
    kept_as: str | None

    @property
    def kept(self) -> bool:
        """Whether the visit is a touch of the member's already."""
        return self.kept_as is not None


class Seen(NamedTuple):
    """Everything that one look found."""

    campaign: Campaign
    budget: Budget | None
    person: Person
    source: Source | None
    told: Told


def look(campaign_id: int, member_id: int, brought: Brought, now: dt.datetime) -> Seen | None:
    """What one statement finds of a member, of a campaign, and of what they told; None where a look
    does not do: more than one thing told, or a thing that must be looked at in another way.
    """
    asked: dict[str, Any] = {"campaign_id": campaign_id, "member_id": member_id, "now": now}
    source: Source | None
    if brought == Brought():
        source = None
    elif brought == Brought(visit_token=brought.visit_token) and not is_cookie_token(
        brought.visit_token
    ):
        source, asked["click_id"] = Source.VISIT, visit_named(brought.visit_token)
    elif brought == Brought(code=brought.code):
        source, asked["code"] = Source.CODE, code_meant(brought.code)
    else:
        return None
    rows = statements.run(_LOOK[source], asked, binary=True)
    if not rows:
        return None
    row = rows[0]
    campaign, row = row[: len(_CAMPAIGN)], row[len(_CAMPAIGN) :]
    budget, row = row[: len(_BUDGET)], row[len(_BUDGET) :]
    person, told = row[: len(Person._fields)], row[len(Person._fields) :]
    return Seen(
        Campaign.from_db(DEFAULT_DB_ALIAS, _CAMPAIGN, campaign),
        Budget.from_db(DEFAULT_DB_ALIAS, _BUDGET, budget) if budget[0] is not None else None,
        Person(*person),
        source,
        Told(*told),
    )
