"""Reading the ledger."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from apps.points.models import Account, Transfer


@dataclass(frozen=True)
class Wallet:
    """A member's points. `debt` is 0 or negative: later earnings repay it first."""

    available: int = 0
    pending: int = 0
    debt: int = 0


def wallet(member_id: int) -> Wallet:
    """What a member has; all 0 for one who never had points."""
    rows = Account.objects.filter(member_id=member_id)
    return Wallet(**dict(rows.values_list("purpose", "balance")))


def transfers_of(member_id: int) -> QuerySet[Transfer]:
    """A member's transfers with their accounts, in no order."""
    # The ids first: two plain index scans instead of a join that reads every transfer.
    accounts = list(Account.objects.filter(member_id=member_id).values_list("pk", flat=True))
    theirs = Q(debit_id__in=accounts) | Q(credit_id__in=accounts)
    return Transfer.objects.filter(theirs).select_related("debit", "credit")
