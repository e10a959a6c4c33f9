"""The statistics of a campaign: pure functions on arrays, numpy and scipy only.

No clock, no database, no settings. What cannot be said is a value with a reason (see `figures`),
never NaN. Times are in days, money in minor units. docs/viral.md explains each figure in plain words.
"""
