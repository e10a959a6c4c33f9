"""Mass issue: many codes that belong to whoever claims or redeems them first."""

import datetime as dt
from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import F

from apps.core.ids import new_code, new_id
from apps.core.transactions import in_transaction, retrying
from apps.coupons.errors import BatchConflict, CouponsExhausted, TemplateConflict
from apps.coupons.models import Batch, Coupon, Template
from apps.coupons.selectors import batch_codes
from apps.coupons.services.minting import places_take, template_running

# Codes made in one transaction.
STEP = 5_000
MOST = 1_000_000


@in_transaction
def batch_order(
    *, template: str, count: int, key: str, ordered_by: int | None, now: dt.datetime
) -> Batch:
    """Order so many codes of the template `tpl_…`; `batch_continue` makes them.

    The same key again returns the first order. Raises TemplateUnknown, TemplateStopped,
    TemplateConflict for codes of a pool, BatchConflict. Locks nothing.
    """
    first = Batch.objects.select_related("template").filter(key=key).first()
    if first is not None:
        if (first.template.public_id, first.wanted) != (template, count):
            raise BatchConflict()
        return first
    if not 0 < count <= MOST:
        raise TemplateConflict(f"A batch has 1 to {MOST} codes.")
    row = template_running(template)
    if row.code_source == Template.CodeSource.POOL:
        raise TemplateConflict("The codes of this template come from another system.")
    return Batch.objects.create(
        template=row, key=key, wanted=count, ordered_by_id=ordered_by, created_at=now
    )


@in_transaction
def batch_continue(*, batch_id: int, now: dt.datetime, step: int = STEP) -> int:
    """Make the next codes of a batch, at most `step`; how many, 0 when all are made.

    Interrupted, it goes on where it was. Raises CouponsExhausted before it makes any of these.
    Locks the batch, then the template's counters.
    """
    batch = Batch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch_id)
    count = min(step, batch.wanted - batch.made)
    if not count:
        return 0
    template = batch.template
    _copy_codes(batch, range(batch.made + 1, batch.made + count + 1), now)
    Batch.objects.filter(pk=batch.pk).update(made=F("made") + count)
    places_take(template, count)
    return count


# By COPY, which is several times as fast as the ORM's INSERT. A column that is not named has a
# default in the database or is empty.
_COPY = """
COPY coupons_coupon (public_id, template_id, is_test, code, status, counted, moves, order_id,
                     expires_at, issued_at, key, reference, batch_id) FROM STDIN
"""


def _copy_codes(batch: Batch, numbers: range, now: dt.datetime) -> None:
    template = batch.template
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for number in numbers:
            copy.write_row(
                (
                    new_id("cpn"),
                    template.pk,
                    template.is_test,
                    new_code(),
                    Coupon.Status.ISSUED.value,
                    True,
                    1,
                    "",
                    template.ends_at,
                    now,
                    f"{batch.public_id}:{number}",
                    "",
                    batch.pk,
                )
            )


def batch_rows(*, batch: Batch, now: dt.datetime) -> Iterator[tuple[str, dt.datetime | None]]:
    """All codes of a batch with their expiry; what is not made yet is made on the way.

    Not in one transaction: each step commits before its codes are handed out, so an interruption
    loses none. Raises what `batch_continue` raises, after the codes that are made.
    """
    last = 0
    while True:
        refusal, made = None, 0
        try:
            made = retrying(lambda: _step(batch.pk, now))
        except CouponsExhausted as error:
            refusal = error
        for row in batch_codes(batch, after=last):
            last = row[0]
            yield row[1], row[2]
        if refusal is not None:
            raise refusal
        if not made:
            return


def _step(batch_id: int, now: dt.datetime) -> int:
    with transaction.atomic():  # a refusal undoes this step and nothing around it
        return batch_continue(batch_id=batch_id, now=now)
