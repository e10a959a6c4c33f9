"""Offers: made, withdrawn with or without their rooms, and offered again."""

import datetime as dt

from apps.core.sweepers import BATCH, each_due
from apps.core.transactions import in_transaction
from apps.groupbuy.errors import OfferInvalid, OfferUnknown
from apps.groupbuy.models import Offer, OfferItem, Room, StepPrice
from apps.groupbuy.rules import ACTIVE, ItemTerms, Listing, Step, Terms, item_fault
from apps.groupbuy.services.rooms import room_withdraw

# Rooms that fail at their deadline, seats for everybody, as many as they like.
PLAIN = Terms()


@in_transaction
def offer_create(
    *,
    campaign_id: int,
    title: str,
    room_size: int,
    duration: dt.timedelta,
    hold_ttl: dt.timedelta,
    items: tuple[ItemTerms, ...],
    terms: Terms = PLAIN,
    listing: Listing = Listing.PUBLIC,
    starts_at: dt.datetime | None = None,
    ends_at: dt.datetime | None = None,
) -> Offer:
    """A new offer with its items. The first item is what a seat gets when it names none.

    `terms` are those of a member's seat; its own `items` do not count. Raises OfferInvalid.
    """
    for item in items:
        if fault := item_fault(item, room_size, terms.host_discount_minor):
            raise OfferInvalid(fault)
    cool_down = terms.cool_down
    offer = Offer.objects.create(
        campaign_id=campaign_id,
        title=title,
        room_size=room_size,
        duration=duration,
        hold_ttl=hold_ttl,
        listing=listing,
        starts_at=starts_at,
        ends_at=ends_at,
        at_deadline=terms.at_deadline,
        minimum_seats=terms.minimum_seats,
        overflow=terms.overflow,
        settlement=terms.settlement,
        max_quantity=terms.max_quantity,
        rooms_hosted_limit=terms.limits.rooms_hosted,
        seats_limit=terms.limits.seats,
        open_limit=terms.limits.open_at_once,
        new_members_only=terms.new_members_only,
        host_discount_minor=terms.host_discount_minor,
        **(
            {
                "cooldown_after": cool_down.after,
                "cooldown_window": cool_down.window,
                "cooldown": cool_down.pause,
            }
            if cool_down
            else {}
        ),
    )
    _items_add(offer, items)
    return offer


def _items_add(offer: Offer, items: tuple[ItemTerms, ...]) -> None:
    rows = OfferItem.objects.bulk_create(
        OfferItem(
            offer=offer,
            sku=item.sku,
            name=item.name,
            single_price_minor=item.single_price_minor,
            group_price_minor=item.group_price_minor,
            stock=item.stock,
        )
        for item in items
    )
    StepPrice.objects.bulk_create(
        StepPrice(item=row, headcount=step.headcount, price_minor=step.price_minor)
        for row, item in zip(rows, items, strict=True)
        for step in item.steps
    )


@in_transaction
def item_steps_set(*, item_id: int, steps: tuple[Step, ...]) -> None:
    """Replace the steps of an item's price, for rooms that open from now on.

    The steps are expected to make sense (`rules.item_fault`). Locks the item's steps.
    """
    StepPrice.objects.filter(item_id=item_id).delete()
    StepPrice.objects.bulk_create(
        StepPrice(item_id=item_id, headcount=step.headcount, price_minor=step.price_minor)
        for step in steps
    )


@in_transaction
def offer_withdraw(*, offer_id: int, cancels_rooms: bool, note: str = "") -> None:
    """Have an offer open no new rooms; its rooms go on, or are cancelled by a sweeper, each alone.

    Cancelled rooms say `offer_withdrawn`, keep the note and ask for every payment back. Again it can
    still cancel the rooms that were left. Raises OfferUnknown. Locks the offer's row.
    """
    changed = Offer.objects.filter(pk=offer_id).update(
        is_active=False, cancels_rooms=cancels_rooms, withdrawal_note=note
    )
    if changed != 1:
        raise OfferUnknown()


@in_transaction
def offer_restore(*, offer_id: int) -> None:
    """Have a withdrawn offer open rooms again. Raises OfferUnknown. Locks the offer's row."""
    changed = Offer.objects.filter(pk=offer_id).update(
        is_active=True, cancels_rooms=False, withdrawal_note=""
    )
    if changed != 1:
        raise OfferUnknown()


def rooms_withdraw() -> int:
    """Cancel the rooms of offers that were withdrawn with them, one per transaction; how many.

    Also one that was just being opened while its offer was withdrawn.
    """
    left = Room.objects.filter(offer__cancels_rooms=True, status__in=ACTIVE).order_by("pk")
    return each_due(list(left.values_list("pk", flat=True)[:BATCH]), room_withdraw)
