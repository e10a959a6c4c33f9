"""The whole report: what was read, and everything that is made of it."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from apps.campaigns.models import Campaign
from apps.reports.selectors.ahead import Found, kept_of
from apps.reports.selectors.campaign import CampaignReport, campaign_report
from apps.reports.selectors.chain import chain_counted
from apps.reports.selectors.days import Grown, Slots, Spent, days_of, grown, spent
from apps.reports.selectors.foreseeing import forecast_counted
from apps.reports.selectors.settling import settling_of
from apps.reports.viral import concentration, offspring
from apps.reports.viral.concentration import Concentration, CurvePoint
from apps.reports.viral.figures import Figure, ratio
from apps.reports.viral.forecast import Forecast
from apps.reports.viral.funnel import Funnel
from apps.reports.viral.multiplication import Settling


@dataclass(frozen=True)
class WholeReport(CampaignReport):
    """The campaign report with its chain, who carries it, where it leads, and what one more costs;
    where completed rooms confirm, K with and without those that are open (`settling`).

    `chain_at` and `forecast_at` are when these were counted; what of the report was counted as of now,
    as nobody had ahead, is `new`. `reward` is what rewards cost per person brought, `member` what a
    member costs in the end; both in minor units.
    """

    chain: Funnel
    chain_at: dt.datetime
    concentration: Concentration
    curve: tuple[CurvePoint, ...]
    forecast: Forecast
    forecast_at: dt.datetime
    counted: Slots
    grown: Grown
    spent: Spent
    reward: Figure
    member: Figure
    payback: Figure
    settling: Settling | None
    new: tuple[Found, ...]


def whole_report(campaign: Campaign, *, now: dt.datetime) -> WholeReport:
    """All figures of the default report, as of now: some grouped queries, the rest is arithmetic."""
    kept = kept_of(campaign, now=now)
    report = campaign_report(campaign, now=now, kept=kept)
    spreading, participants = report.spreading, report.people.participants
    zone = ZoneInfo(campaign.time_zone)
    today = now.astimezone(zone).date()
    counted = days_of(campaign, spreading.slots, now=now)
    chain, chain_at = chain_counted(campaign, kept, now=now)
    foreseen, forecast_at = forecast_counted(campaign, kept, participants, spreading, now=now)
    rows = spreading.everybody.rows
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
        forecast=foreseen,
        forecast_at=forecast_at,
        counted=counted,
        grown=grown(counted, today=today),
        spent=spent(report.given, zone, today=today),
        reward=reward,
        member=report.pay.per_member,
        payback=report.pay.payback_day,
        settling=settling_of(campaign, spreading, now=now),
        new=tuple(kept.new),
    )
