"""The facts this app records."""

# One subject is decided per transaction, so that locks are taken in one order: an event that
# touches several subjects records one of these for each.
DECISION_DUE = "decision.due"
SETTLED = "grant.settled"
TAKEN_BACK = "grant.taken_back"
