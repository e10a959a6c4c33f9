"""The statistics of a campaign: pure functions on arrays, numpy and scipy only.

No clock, no database, no settings. What cannot be said is a value with a reason (see `figures`),
never NaN. Times are in days, money in minor units. `scipy.stats` and `scipy.optimize` are named in
full, so that they load when they are first used: each process would pay a second and 22 MB for them.
docs/viral.md has it all in plain words.
"""
