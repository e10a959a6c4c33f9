"""Doors: what the shop must pay out and hand over, and what members are owed."""
