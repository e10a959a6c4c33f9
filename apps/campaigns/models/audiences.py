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
