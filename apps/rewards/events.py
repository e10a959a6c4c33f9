"""The facts this app records."""

# One subject is decided per transaction, so that locks are taken in one order: an event that
# touches several subjects records one of these for each. Internal: no shop is told.
DECISION_DUE = "engine.decision_due"
SETTLED = "grant.settled"
TAKEN_BACK = "grant.taken_back"
GOODWILL_PROPOSED = "goodwill.proposed"
GOODWILL_APPROVED = "goodwill.approved"
GOODWILL_REJECTED = "goodwill.rejected"
GOODWILL_DONE = "goodwill.done"
