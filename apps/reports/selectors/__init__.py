"""Reads what reports show, from the rollups."""

from apps.reports.selectors.campaign import CampaignReport, campaign_report
from apps.reports.selectors.details import Details, details
from apps.reports.selectors.standing import Freshness
from apps.reports.selectors.whole import WholeReport, whole_report

__all__ = [
    "CampaignReport",
    "Details",
    "Freshness",
    "WholeReport",
    "campaign_report",
    "details",
    "whole_report",
]
