"""The facts this app records: `fact.` and the kind, such as `fact.checked_in`."""

PREFIX = "fact"
