"""Doors of the sale: an order's life, quotes, instruments at checkout."""
