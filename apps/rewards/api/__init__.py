"""Doors of rewards: what was granted and why, and what would be."""
