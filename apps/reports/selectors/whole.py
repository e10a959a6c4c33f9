"""The whole report: what was read, and everything that is made of it."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from apps.campaigns.models import Campaign, Variant
from apps.reports.selectors.campaign import CampaignReport, campaign_report
from apps.reports.selectors.chain import chain_counted
from apps.reports.selectors.days import Grown, Slots, Spent, grown, slots, spent
from apps.reports.selectors.settling import settling_of
from apps.reports.selectors.spreading import Spreading
from apps.reports.viral import concentration, forecast, offspring
from apps.reports.viral.concentration import Concentration, CurvePoint
from apps.reports.viral.figures import Figure, Reason, absent, ratio
from apps.reports.viral.forecast import Forecast, Law, Living
from apps.reports.viral.funnel import Funnel
from apps.reports.viral.multiplication import Settling

HOURS_A_DAY = 24


@dataclass(frozen=True)
class WholeReport(CampaignReport):
    """The campaign report with its chain, who carries it, where it leads, and what one more costs;
    where completed rooms confirm, K with and without those that are open (`settling`).

    `chain_at` is when the chain was counted. `reward` is what rewards cost per person brought,
    `member` what a member costs in the end; both in minor units. `holdout` says whether the campaign
    keeps one.
    """

    chain: Funnel
    chain_at: dt.datetime
    concentration: Concentration
    curve: tuple[CurvePoint, ...]
    forecast: Forecast
    counted: Slots
    grown: Grown
    spent: Spent
    reward: Figure
    member: Figure
    payback: Figure
    holdout: bool
    settling: Settling | None


def whole_report(campaign: Campaign, *, now: dt.datetime) -> WholeReport:
    """All figures of the default report, as of now: some grouped queries, the rest is arithmetic."""
    report = campaign_report(campaign, now=now)
    zone = ZoneInfo(campaign.time_zone)
    today = now.astimezone(zone).date()
    counted = slots(campaign, now=now)
    chain, chain_at = chain_counted(campaign, now=now)
    rows = report.spreading.everybody.rows
    reward = ratio(
        report.cost.spent_minor + report.cost.reserved_minor,
        report.people.referred,
        "nobody was brought yet",
    )
    return WholeReport(
        **vars(report),
        chain=chain,
        chain_at=chain_at,
        concentration=concentration.concentration(rows, offspring.dispersion(rows)),
        curve=concentration.curve(rows),
        forecast=forecast_of(report.people.participants, report.spreading),
        counted=counted,
        grown=grown(counted, today=today),
        spent=spent(report.given, zone, today=today),
        reward=reward,
        member=report.pay.per_member,
        payback=report.pay.payback_day,
        holdout=Variant.objects.filter(campaign=campaign, is_holdout=True).exists(),
        settling=settling_of(campaign, report.spreading, now=now),
    )


def forecast_of(participants: int, spreading: Spreading) -> Forecast:
    """Where these people, who spread so, will end."""
    if spreading.delays is None:
        why = "nobody’s attribution window is over, and no earlier campaign tells how delays are spread"
        return Forecast(absent(Reason.TOO_EARLY, why), ())
    return forecast.forecast(
        participants,
        (living(spreading, seeds=True), Law.of(spreading.seeds)),
        (living(spreading, seeds=False), Law.of(spreading.k)),
        spreading.delays,
    )


def living(spreading: Spreading, *, seeds: bool) -> Living:
    """Seeds, or the others, by the hour of their age, with what they have brought."""
    found = spreading.everybody
    groups: dict[int, list[int]] = {}
    for place, level in enumerate(found.generation):
        if (level == 0) == seeds:
            group = groups.setdefault(round(found.age[place] * HOURS_A_DAY), [0, 0])
            people = int(found.rows.n[place])
            group[0] += int(found.rows.referees[place]) * people
            group[1] += people
    brought, people_of = ([group[at] for group in groups.values()] for at in (0, 1))
    return Living.of([hour / HOURS_A_DAY for hour in groups], brought, people_of)
