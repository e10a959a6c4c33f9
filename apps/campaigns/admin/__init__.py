"""Campaigns, their policies, budgets, lists and checks, as operators work with them."""

from apps.campaigns.admin import audiences, costs, lists
from apps.campaigns.admin.campaigns import CampaignAdmin

__all__ = ["CampaignAdmin", "audiences", "costs", "lists"]
