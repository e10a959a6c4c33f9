"""Participants who came before their link was kept get it from their trace."""

from importlib import import_module
from types import SimpleNamespace

from django.db import connection

from apps.invites.models import Participant
from apps.invites.selectors import Brought
from apps.invites.services import campaign_join
from tests.invites.test_joining import link_of
from tests.makers import make_campaign, make_member, now

fill = import_module("apps.invites.migrations.0020_links_of_those_before").fill


def test_the_link_of_the_touch_that_won(db: None) -> None:
    campaign = make_campaign(qualifying_act="order")
    anns, cleos = link_of(campaign), link_of(campaign)
    came = []
    for said in (Brought(code=anns.code), Brought(code=cleos.code), Brought()):
        member = make_member()
        came.append(
            campaign_join(campaign=campaign, member_id=member.pk, brought=said, now=now())[0]
        )
    moved = came[1]
    Participant.objects.filter(pk=moved.pk).update(referrer=anns.participant)  # by an operator
    Participant.objects.update(link=None)
    for _ in range(2):
        fill(None, SimpleNamespace(connection=connection))
        links = [Participant.objects.get(pk=one.pk).link_id for one in came]
        assert links == [anns.pk, None, None]
