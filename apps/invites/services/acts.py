"""Keeping what participants did, each act once per campaign."""

from apps.core.services import event_record
from apps.invites import events
from apps.invites.models import Act


def act_insert(act: Act) -> Act | None:
    """Keep an act and record it as a fact; None when the campaign has one with this key already."""
    Act.objects.bulk_create([act], ignore_conflicts=True)
    stored = (
        Act.objects.select_related("campaign", "participant")
        .filter(campaign_id=act.campaign_id, key=act.key)
        .first()
    )
    if stored is None or stored.public_id != act.public_id:
        return None
    event_record(
        key=f"{events.ACTED}:{stored.public_id}",
        kind=events.ACTED,
        payload={
            "act": stored.public_id,
            "kind": stored.kind,
            "campaign": stored.campaign.public_id,
            "participant": stored.participant.public_id,
            "nth": stored.nth,
        },
        occurred_at=stored.occurred_at,
        is_test=stored.campaign.is_test,
    )
    return stored
