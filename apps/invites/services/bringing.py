"""Coupons that bring people: whoever takes one was brought by whose link it is."""

from apps.core.errors import Conflict
from apps.core.transactions import in_transaction
from apps.coupons.models import Batch, Template
from apps.invites.models import CouponLink, Link


class CouponBrings(Conflict):
    code = "coupon_brings_already"
    message = "These coupons bring people to another link of this campaign already."


class CouponOfOtherMode(Conflict):
    code = "coupon_of_other_mode"
    message = "Coupons and campaign are not both live or both test."


@in_transaction
def coupon_link_make(
    *, link: Link, template: Template | None = None, batch: Batch | None = None
) -> CouponLink:
    """Let the coupons of a template, or of one batch of it, bring people to whose `link` it is.

    Also those that were taken before, if that lies in the attribution window. The same again changes
    nothing. Raises CouponBrings when they bring to another link of the campaign, CouponOfOtherMode.
    Locks nothing; UNIQUE (campaign, template) and (campaign, batch) hold it.
    """
    coupons = template or (batch.template if batch else None)
    assert coupons is not None
    assert (template is None) != (batch is None), "a template or a batch"
    campaign = link.participant.campaign
    if coupons.is_test != campaign.is_test:
        raise CouponOfOtherMode()
    made = CouponLink(link=link, campaign=campaign, template=template, batch=batch)
    CouponLink.objects.bulk_create([made], ignore_conflicts=True)
    kept = CouponLink.objects.get(campaign=campaign, template=template, batch=batch)
    if kept.link_id != link.pk:
        raise CouponBrings()
    return kept
