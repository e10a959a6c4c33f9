"""What the demo's process needs to know of the stage that `demo_stage` has set, as JSON."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Operator:
    """Who may enter the admin. The password is known only when it was made just now."""

    username: str
    password: str | None


@dataclass(frozen=True)
class Showcase:
    """A campaign of its own for the room that stays open."""

    campaign: str
    offer: str


@dataclass(frozen=True)
class Stage:
    """Ids and secrets. `offers` maps a room size to its offer."""

    server_key: str
    webhook_secret: str
    operator: Operator
    campaign: str
    offers: dict[int, str]
    failing_offer: str
    showcase: Showcase
    sku: str
    currency: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Stage":
        found = json.loads(text)
        offers = {int(size): offer for size, offer in found.pop("offers").items()}
        operator = Operator(**found.pop("operator"))
        showcase = Showcase(**found.pop("showcase"))
        return cls(offers=offers, operator=operator, showcase=showcase, **found)
