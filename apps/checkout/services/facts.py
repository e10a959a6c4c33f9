"""A fact the shop or a phone reports, counted in every campaign that rewards it."""

import datetime as dt

from apps.campaigns.rules import Trigger
from apps.campaigns.selectors import admits_newcomers, campaigns_rewarding, is_running
from apps.core.transactions import in_transaction
from apps.facts.models import Fact
from apps.facts.services import FactReport, fact_record
from apps.invites.selectors import participant_of
from apps.invites.services import campaign_act_record

# The facts that policies can reward, by the kind they are reported under.
REWARDED = {Fact.Kind.CHECKED_IN: Trigger.CHECKED_IN, Fact.Kind.BIRTHDAY: Trigger.BIRTHDAY}


@in_transaction
def fact_report(*, report: FactReport, now: dt.datetime) -> tuple[Fact, bool]:
    """Record a fact and count it in its campaigns, or nothing at all; reported again, nothing more.

    Returns (fact, whether this is the first report). Raises FactConflict,
    BirthdayKnown. Locks participants.
    """
    fact, is_first = fact_record(report=report)
    trigger = REWARDED.get(Fact.Kind(fact.kind))
    if not is_first or trigger is None:
        return fact, is_first
    for campaign in campaigns_rewarding(trigger, at=fact.occurred_at, is_test=fact.is_test):
        known = participant_of(campaign, fact.member_id) is not None
        if known or (is_running(campaign, now) and admits_newcomers(campaign)):
            campaign_act_record(
                campaign=campaign,
                member_id=fact.member_id,
                kind=trigger,
                key=fact.public_id,
                occurred_at=fact.occurred_at,
                now=now,
            )
    return fact, is_first
