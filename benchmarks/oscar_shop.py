"""django-oscar's own checkout as a client of `benchmarks.clients`; run by a Python that has it.

    python oscar_shop.py count|buy        with DATABASE_URL

`buy` does for each buyer what the checkout does: a basket with one piece, the check that it is
available when it is put in and again before the order is placed (`check_basket_is_valid`), then
`OrderCreator.place_order`, which allocates the stock. Each request has a transaction of its own
(`ATOMIC_REQUESTS`), as oscar recommends and as its sandbox is set up.
"""

import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": asked.get("host", [unquote(parts.hostname or "")])[0],
        "PORT": asked.get("port", [str(parts.port or "")])[0],
        "CONN_MAX_AGE": None,
    }


def _configure() -> None:
    from oscar import INSTALLED_APPS, defaults

    own = {name: value for name, value in vars(defaults).items() if name.startswith("OSCAR_")}
    settings.configure(
        **own | {"OSCAR_INITIAL_ORDER_STATUS": "Pending", "OSCAR_INITIAL_LINE_STATUS": "Pending"},
        DATABASES={"default": _database(os.environ["DATABASE_URL"])},
        INSTALLED_APPS=INSTALLED_APPS,
        SECRET_KEY="of a shop that lives for minutes",
        SITE_ID=1,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HAYSTACK_CONNECTIONS={
            "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
        },
        LOGGING_CONFIG=None,
    )
    django.setup()


def main() -> None:
    _configure()
    if sys.argv[1] == count.__name__:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    print("ready", flush=True)
    work = WORKS[sys.argv[1]]
    for line in sys.stdin:
        print(json.dumps(work(**json.loads(line))), flush=True)


def count(*, members: int = 0, stock: int = 0, product: int = 0) -> Any:
    """Make so many members, or a product with so much stock, or count what was sold of one."""
    import oscar
    from django.contrib.auth import get_user_model
    from django.db.models import Sum
    from oscar.apps.order.models import Line
    from oscar.test import factories

    if members:
        made = [
            get_user_model().objects.create(username=f"buyer-{n}", email=f"{n}@shop.example")
            for n in range(members)
        ]
        return {"members": [one.pk for one in made], "version": oscar.get_version()}
    if stock:
        return {"product": factories.create_product(price=Decimal(69), num_in_stock=stock).pk}
    sold = Line.objects.filter(product_id=product).aggregate(total=Sum("quantity"))["total"]
    return {"sold": sold or 0}


def buy(*, product: int, members: list[int]) -> Any:
    from django.contrib.auth import get_user_model
    from django.db import transaction
    from oscar.apps.catalogue.models import Product

    sold = 0
    for pk in members:
        member = get_user_model().objects.get(pk=pk)
        with transaction.atomic():
            basket = _fill(Product.objects.get(pk=product), member)
        if basket is not None:
            with transaction.atomic():
                sold += _place(basket.pk, member)
    return {"sold": sold, "refused": len(members) - sold}


def _fill(product: Any, member: Any) -> Any:
    """A basket with one piece; None when it is not available."""
    from oscar.apps.basket.models import Basket

    basket = Basket.objects.create(owner=member)
    basket.strategy = _strategy()
    if not _is_available(basket.strategy.fetch_for_product(product)):
        return None
    basket.add_product(product, 1)
    return basket


def _place(basket_pk: int, member: Any) -> bool:
    """Place the order of a basket, if what is in it is still available."""
    from oscar.apps.basket.models import Basket
    from oscar.apps.checkout.calculators import OrderTotalCalculator
    from oscar.apps.order.utils import OrderCreator
    from oscar.apps.shipping.methods import Free

    basket = Basket.objects.get(pk=basket_pk)
    basket.strategy = _strategy()
    lines = basket.all_lines()
    if not all(_is_available(basket.strategy.fetch_for_line(line)) for line in lines):
        return False
    method = Free()
    charge = method.calculate(basket)
    OrderCreator().place_order(
        basket=basket,
        total=OrderTotalCalculator().calculate(basket, charge),
        shipping_method=method,
        shipping_charge=charge,
        user=member,
    )
    basket.submit()
    return True


def _strategy() -> Any:
    from oscar.apps.partner.strategy import Selector

    return Selector().strategy()


def _is_available(found: Any) -> bool:
    return bool(found.availability.is_purchase_permitted(1)[0])


WORKS: dict[str, Callable[..., Any]] = {work.__name__: work for work in (count, buy)}

if __name__ == "__main__":
    main()
