from apps.core.invariants import Invariant

CAMPAIGNS = (
    Invariant(
        5,
        "reserved + spent ≤ budget",
        """SELECT campaign_id, amount_minor, reserved_minor, spent_minor FROM campaigns_budget
           WHERE reserved_minor < 0 OR spent_minor < 0
              OR (amount_minor IS NOT NULL AND reserved_minor + spent_minor > amount_minor)""",
    ),
)
