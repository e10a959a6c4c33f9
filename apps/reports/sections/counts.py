"""What else was counted: rooms, rewards, the budget. Pure."""

from apps.reports.sections.parts import Kind, Table, table
from apps.reports.selectors import WholeReport

_COUNTED = (("What", Kind.TEXT), ("Count", Kind.COUNT))
_STEP_WORDS = {
    "participants": "Participants, provisional ones too",
    "sharers": "Shared: their link was opened",
    "visits": "Links opened",
    "brought": "Brought by somebody",
    "orders": "Orders of those who were brought",
}


def counts_tables(report: WholeReport, *, money: bool = True) -> tuple[Table, ...]:
    """The tables beneath the nine questions; those about money only where it may be seen."""
    shown = (_everybody(report), _rooms(report))
    return (*shown, _rewards(report), _budget(report)) if money else shown


def _everybody(report: WholeReport) -> Table:
    rows = [(_STEP_WORDS[step.step], step.count, step.rate) for step in report.funnel]
    columns = (*_COUNTED, ("Per step before", Kind.NUMBER))
    return table("counts", "The whole campaign so far", columns, rows)


def _rooms(report: WholeReport) -> Table:
    rooms = report.rooms
    rows = [
        ("Opened", rooms.opened),
        ("Open now", rooms.open),
        ("Completed", rooms.completed),
        ("… of these below their size after refunds", rooms.refunded),
        ("Failed", rooms.failed),
        ("Cancelled", rooms.cancelled),
    ]
    return table("rooms", "Rooms", _COUNTED, rows)


def _rewards(report: WholeReport) -> Table:
    rewards = report.rewards
    rows = [
        ("Grants", rewards.grants),
        ("Points pending", rewards.points_pending),
        ("Points settled, less clawed back", rewards.points_settled),
        ("Points clawed back", rewards.points_clawed_back),
        ("Points void before they settled", rewards.points_void),
    ]
    return table("rewards", "Rewards", _COUNTED, rows)


def _budget(report: WholeReport) -> Table:
    cost = report.cost
    each = cost.per_participant_minor
    rows = [
        ("Spent", cost.spent_minor),
        ("Reserved for pending grants", cost.reserved_minor),
        ("Budget, empty without a limit", cost.budget_minor),
        ("Spent per confirmed participant", None if each is None else round(each)),
    ]
    columns = (("What", Kind.TEXT), ("Amount", Kind.MONEY))
    return table("budget", "Cost", columns, rows, cost.currency)
