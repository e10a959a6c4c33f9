"""Whatever an operator types into whichever form of the admin, the page says what is wrong with it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models, transaction
from django.test import Client
from django.urls import reverse

from apps.campaigns.rules import Beneficiary, Trigger
from apps.coupons.services import batch_order
from apps.points.models import Programme
from apps.tiers.models import Benefit, Tier
from tests.coupons.makers import make_template
from tests.makers import make_campaign, now
from tests.pages.makers import make_room
from tests.shelf.makers import make_gift
from tests.tiers.makers import make_ladder

# Typed into one field at a time, while all others stay as they are.
ODD = [str(2**63)]
# Typed into all fields at once.
ODDER = [
    *("", " ", "0", "101", "1.5", "1e3", "x", "NaN", "Infinity", "٣", "9" * 400, "汉" * 300),
    *("😀", "=cmd()", "9999-12-31", "00:00", "-1 day", "999999999 00:00:00"),
]
_OF_THE_PAGE = ("csrfmiddlewaretoken", "_popup", "TOTAL_FORMS", "INITIAL_FORMS", "NUM_FORMS")


class Fields(HTMLParser):
    """The fields of a page's form, with what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        name = of.get("name") or ""
        if tag == "input" and name and of.get("type") not in ("submit", "file", "search"):
            if of.get("type") in ("checkbox", "radio"):
                if "checked" in of:
                    self.held[name] = of.get("value") or "on"
            else:
                self.held[name] = of.get("value") or ""
        if tag in ("select", "textarea"):
            self._select, self._area = (name, "") if tag == "select" else ("", name)
            self.held.setdefault(name, "")
        if tag == "option" and self._select and "selected" in of:
            self.held[self._select] = of.get("value") or ""

    def handle_data(self, text: str) -> None:
        if self._area:
            self.held[self._area] += text.strip("\n") if not self.held[self._area] else text

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self._select = self._area = ""


@pytest.fixture
def olga(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("olga"))
    return client


@pytest.fixture
def rows(db: None) -> None:
    """A row of everything an operator edits, in use and as a draft."""
    policy = (Trigger.ORDER_PAID, Beneficiary.MEMBER, {"cap_per_day": 3})
    make_campaign(policy, published=False, name="Draft")
    make_room("ann", "bob", size=2)
    make_template(draft=True, starts_at=now(), issue_cap=10)
    template = make_template(starts_at=now(), issue_cap=10)
    batch_order(template=template.public_id, count=3, key="k", ordered_by=None, now=now())
    make_gift(stock=3)
    make_ladder()
    Programme.objects.get_or_create(is_test=False)
    Benefit.objects.create(tier=Tier.objects.all()[0], text="Tea")


def pages() -> Iterator[tuple[str, bool]]:
    """Every page where a row of ours is added or changed, and whether to try each field alone."""
    for model, page in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        if not page.__module__.startswith("apps.") or model._meta.app_label == "auth":
            continue
        yield reverse(f"admin:{name}_add"), False
        rows: models.QuerySet[Any] = model._default_manager.order_by("pk")
        ends = dict.fromkeys(row.pk for row in (rows.first(), rows.last()) if row is not None)
        for nth, pk in enumerate(ends):
            yield reverse(f"admin:{name}_change", args=[pk]), nth == 0


def odd_answers(olga: Client, address: str, *, each_field: bool) -> Iterator[str]:
    """What went wrong on the page."""
    found = olga.get(address)
    if found.status_code != 200:
        return
    reading = Fields()
    reading.feed(found.content.decode())
    names = [name for name in reading.held if not name.endswith(_OF_THE_PAGE)]
    tries = [({name: value}, value) for name in names for value in ODD if each_field]
    tries += [(dict.fromkeys(names, value), value) for value in ODDER]
    for typed, value in tries:
        with transaction.atomic():
            try:
                olga.post(address, reading.held | typed)
            except Exception as error:
                yield f"{address} {[*typed][:2]} = {value[:20]!r}: {error!r}"[:400]
            transaction.set_rollback(True)


@pytest.mark.slow
def test_no_form_breaks(olga: Client, rows: None) -> None:
    wrong = [
        answer
        for address, each_field in pages()
        for answer in odd_answers(olga, address, each_field=each_field)
    ]
    assert wrong == []
