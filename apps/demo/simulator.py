"""An invented history for who has none at hand. It says so, and with which parameters."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice

from apps.demo.history import Group, History

FIRST_LINE = 2  # as if written to a file, beneath its header
ITEMS = 50


@dataclass(frozen=True)
class Parameters:
    """`failing`, `returning` and `acquainted` are probabilities.

    A group fails; its host was brought by somebody before, rather than a stranger; a participant
    is already known, rather than new. `seats` are the equally likely numbers of participants.
    """

    seed: int = 20
    failing: float = 0.3
    returning: float = 0.65
    acquainted: float = 0.2
    seats: tuple[int, ...] = (1, 1, 1, 2, 2, 3, 4)

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in asdict(self).items())


def simulate(parameters: Parameters, groups: int) -> History:
    """A history of so many groups, the same for the same parameters.

    A longer one begins with the shorter one, so both are the same data set and share its digest,
    which is that of the parameters.
    """
    digest = hashlib.sha256(str(parameters).encode()).hexdigest()
    return History("synthetic", digest, tuple(islice(_draw(parameters), groups)))


def _draw(parameters: Parameters) -> Iterator[Group]:
    """Endless groups. Who was brought last tends to host next, so chains grow deep."""
    dice = random.Random(parameters.seed)
    known: list[int] = []
    brought: list[int] = []  # and has not hosted yet
    group_id = 0
    while True:
        if brought and dice.random() < parameters.returning:
            host = brought.pop(dice.randrange(max(0, len(brought) - 4), len(brought)))
        else:
            host = _stranger(known)
        completed = dice.random() >= parameters.failing
        newest = len(known)  # strangers are numbered as they come
        guests = _guests(parameters, dice, known, host) if completed else ()
        brought += [guest for guest in guests if guest >= newest]
        item = dice.randrange(ITEMS)
        yield Group(group_id + FIRST_LINE, group_id, host, item, completed, guests)
        group_id += 1


def _guests(
    parameters: Parameters, dice: random.Random, known: list[int], host: int
) -> tuple[int, ...]:
    guests: list[int] = []
    for _ in range(dice.choice(parameters.seats)):
        guest = dice.choice(known) if dice.random() < parameters.acquainted else host
        guests.append(_stranger(known) if guest in (host, *guests) else guest)
    return tuple(guests)


def _stranger(known: list[int]) -> int:
    known.append(len(known))
    return known[-1]
