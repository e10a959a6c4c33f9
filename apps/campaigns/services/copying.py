"""Starting a new campaign from one that is there."""

import datetime as dt

from django.db import models

from apps.campaigns.models import Budget, Campaign, Policy, Variant
from apps.campaigns.selectors import budget_of
from apps.campaigns.services.turning import campaign_lock
from apps.core.transactions import in_transaction

NAME_LENGTH = 120

# What is the campaign's own, and not its terms.
_OWN = frozenset(
    {
        "id",
        "public_id",
        "name",
        "status",
        "starts_at",
        "ends_at",
        "shown_from",
        "stopped_at",
        "copied_from",
        "published_version",
        "created_at",
    }
)
_OWN_OF_PART = frozenset({"id", "public_id", "campaign"})


@in_transaction
def campaign_copy(*, campaign_id: int, now: dt.datetime) -> Campaign:
    """A draft with the same terms, policies, variants and budget; nobody and nothing earned in it.

    It lasts as long as the first, and starts now if that has started already: facts of the past
    count in no copy. Offers, people and compliance overrides are not copied. Raises CampaignUnknown.
    Locks the copied campaign.
    """
    source = campaign_lock(campaign_id)
    shift = max(now - source.starts_at, dt.timedelta())
    copy = Campaign.objects.create(
        **_terms(source, _OWN),
        name=_name_of_copy(source.name),
        starts_at=source.starts_at + shift,
        ends_at=source.ends_at + shift if source.ends_at else None,
        shown_from=source.shown_from if not shift else None,
        copied_from=source,
    )
    for policy in source.policies.order_by("pk"):
        Policy.objects.create(campaign=copy, **_terms(policy, _OWN_OF_PART))
    for variant in source.variants.order_by("pk"):
        Variant.objects.create(campaign=copy, **_terms(variant, _OWN_OF_PART))
    budget = budget_of(source)
    if budget is not None:
        Budget.objects.create(
            campaign=copy,
            amount_minor=budget.amount_minor,
            tail_bps=budget.tail_bps,
            partner=budget.partner,
        )
    return copy


def _terms(row: models.Model, own: frozenset[str]) -> dict[str, object]:
    names = (field.name for field in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in names if name not in own}


def _name_of_copy(name: str) -> str:
    ending = " (copy)"
    return f"{name[: NAME_LENGTH - len(ending)]}{ending}"
