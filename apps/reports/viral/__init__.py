"""The statistics of a campaign: pure functions on arrays, numpy and scipy only.

No clock, no database, no settings. What cannot be said is a value with a reason (see `figures`),
never NaN. Times are in days, money in minor units. What a web page needs does without `scipy.stats`,
whose import costs a process a third of a second and 22 MB. docs/viral.md has it all in plain words.
"""
