"""Reading what the shop reported."""

from apps.members.models import Member
from apps.orders.models import Order


def bought_before(member_id: int, order: Order | None = None) -> bool:
    """Whether a member is not new: they have a paid order, by the shop's own history too.

    With `order`, whether they had one before it. A refund does not make anyone new again.
    """
    earlier = order.nth > 1 if order else Order.objects.filter(member_id=member_id).exists()
    return earlier or Member.objects.filter(pk=member_id, first_order_at__isnull=False).exists()
