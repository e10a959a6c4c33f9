"""What must change so that the grants of a subject are what was decided. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.campaigns.rules import Award


@dataclass(frozen=True)
class Granted:
    """A grant as it stands: `left` after what was already taken back, in the units of its kind."""

    grant: int
    policy: str
    member_id: int
    left: int


@dataclass(frozen=True)
class Shrink:
    """Take `amount` back from a grant."""

    grant: int
    amount: int


@dataclass(frozen=True)
class Change:
    give: tuple[Award, ...]
    shrink: tuple[Shrink, ...]


def difference(
    awards: Sequence[Award],
    granted: Sequence[Granted],
    closed: Iterable[tuple[str, int]] = (),
) -> Change:
    """What to give and what to take back, so that `granted` becomes `awards`.

    A grant, once made, only shrinks: its facts can only get worse (refunds), and a larger award for
    the same (policy, member) gives nothing more. `closed` are the (policy, member) pairs already
    refused for a cap or the budget: those refusals are final.
    """
    decided = {(award.policy, award.member_id): award.amount for award in awards}
    made = {(grant.policy, grant.member_id) for grant in granted}
    final = made | set(closed)
    give = [award for award in awards if (award.policy, award.member_id) not in final]
    shrink = [
        Shrink(grant.grant, grant.left - decided.get((grant.policy, grant.member_id), 0))
        for grant in granted
        if grant.left > decided.get((grant.policy, grant.member_id), 0)
    ]
    return Change(tuple(give), tuple(shrink))
