"""Lists of members that policies include or leave out."""

from functools import partial

from django.db import models

from apps.core.clock import EngineNow
from apps.core.ids import new_id


class Audience(models.Model):
    """A list of members an operator uploads or a shop tags."""

    public_id = models.CharField(max_length=32, unique=True, default=partial(new_id, "aud"))
    name = models.CharField(max_length=80)
    is_test = models.BooleanField(default=False)
    of_partners = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whoever is on it is kept out of the draw of variants.",
    )
    created_at = models.DateTimeField(db_default=EngineNow())

    def __str__(self) -> str:
        return self.name


class AudienceMember(models.Model):
    """A member on a list."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="entries")
    member = models.ForeignKey("members.Member", on_delete=models.CASCADE, related_name="audiences")
    added_at = models.DateTimeField(db_default=EngineNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["audience", "member"], name="audience_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.audience_id}"


class AudienceSpell(models.Model):
    """How long a member was on a list: what a fact of some moment asks. A trigger writes it.

    Rows end and are never changed otherwise, so that who was on a list at a moment stays as it was.
    """

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="spells")
    member = models.ForeignKey(
        "members.Member", on_delete=models.CASCADE, related_name="audience_spells"
    )
    since = models.DateTimeField(db_default=EngineNow())
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "audience"],
                condition=models.Q(until=None),
                name="audience_spell_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
                name="audience_spell_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.audience_id} since {self.since}"
