"""Who reacts to which kind of event. Filled by each app's `AppConfig.ready()`."""

from collections import defaultdict
from collections.abc import Callable

from apps.core.models import Event

Subscriber = Callable[[Event], None]

EVERY_KIND = "*"

_subscribers: dict[str, list[tuple[int, Subscriber]]] = defaultdict(list)


def subscribe(kind: str, subscriber: Subscriber, *, position: int) -> None:
    """Have `subscriber` run for every event of `kind` (or of EVERY_KIND).

    `position` follows the global lock order (DESIGN: order before room before grant before account
    before budget): of several subscribers to one event the lower position runs first.
    """
    _subscribers[kind].append((position, subscriber))


def subscribers_of(kind: str) -> list[Subscriber]:
    """The subscribers to `kind`, in lock order."""
    found = _subscribers[kind] + _subscribers[EVERY_KIND]
    return [subscriber for _, subscriber in sorted(found, key=lambda entry: entry[0])]
