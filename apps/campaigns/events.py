"""The facts this app records."""

PUBLISHED = "campaign.published"
