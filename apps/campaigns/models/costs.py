"""What a campaign cost outside its budget: ads, partners' fees."""

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.campaigns.models.campaigns import Campaign
from apps.core.clock import EngineNow
from apps.core.ids import new_id
from apps.members.models import Member


class CampaignCost(models.Model):
    """Money the shop spent on a campaign, in its currency; the engine's budget knows nothing of it.

    A row never changes (a trigger refuses it). A mistake is taken back by a row of its own, the
    *reversal*: the same with the opposite amount. The days are the campaign's.
    """

    class Kind(models.TextChoices):
        ADS = "ads", "Ads"
        PARTNER_FEE = "partner_fee", "A partner's fee"
        OTHER = "other", "Something else"

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "cst"))
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="costs")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    amount_minor = models.BigIntegerField(help_text="Below zero for a reversal.")
    first_day = models.DateField()
    last_day = models.DateField(help_text="The same as the first for a cost of one day.")
    partner = models.ForeignKey(
        Member,
        null=True,
        on_delete=models.PROTECT,
        related_name="fees",
        help_text="Whose fee it is: their statement shows it.",
    )
    note = models.CharField(max_length=300, blank=True)
    reverses = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reversal"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    entered_with = models.CharField(max_length=64, blank=True, help_text="The server key.")
    entered_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses=None, amount_minor__gt=0)
                | Q(reverses__isnull=False, amount_minor__lt=0),
                name="cost_takes_and_reversal_gives_back",
            ),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="cost_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(partner=None) | Q(kind="partner_fee"),
                name="cost_of_a_partner_is_a_fee",
            ),
            models.CheckConstraint(
                condition=Q(entered_by=None) & ~Q(entered_with="")
                | Q(entered_by__isnull=False, entered_with=""),
                name="cost_by_an_operator_or_a_key",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
