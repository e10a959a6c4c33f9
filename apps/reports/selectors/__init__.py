"""Reads what reports show, from the base tables."""

from apps.reports.selectors.campaign import CampaignReport, Freshness, campaign_report

__all__ = ["CampaignReport", "Freshness", "campaign_report"]
