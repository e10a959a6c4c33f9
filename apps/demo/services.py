"""Setting the stage for a data set: what an operator and a shop developer would do by hand."""

import datetime as dt
import secrets

from django.contrib.auth import get_user_model

from apps.campaigns.models import Budget, Campaign, Policy
from apps.campaigns.rules import Beneficiary, Trigger
from apps.campaigns.services import campaign_publish
from apps.core.transactions import in_transaction
from apps.demo.stage import Operator, Showcase, Stage
from apps.groupbuy.models import Offer
from apps.groupbuy.rules import ItemTerms
from apps.groupbuy.services.offers import offer_create
from apps.members.models import ServerKey
from apps.members.services import server_key_create, server_key_revoke
from apps.webhooks.models import Endpoint
from apps.webhooks.services import endpoint_create, endpoint_deactivate

OPERATOR = "olga"
OURS = "demo"  # the name of our server keys, and the description of our webhook endpoints
CURRENCY = "CNY"
BUDGET_MINOR = 1_000_000_000  # ten million yuan: far more than any history can spend
SKU = "tea-500g"
TEA = ItemTerms(
    sku=SKU,
    name="Green tea, 500 g",
    single_price_minor=9_900,
    group_price_minor=6_900,
    stock=1_000_000_000,
)
DURATION = dt.timedelta(hours=1)
FAILING_SIZE, FAILING_DURATION = 2, dt.timedelta(seconds=5)
SHOWCASE_SIZE, SHOWCASE_DURATION = 4, dt.timedelta(hours=24)
# Long enough for a payment to outlive a restart of everything.
HOLD_TTL = dt.timedelta(minutes=15)


@in_transaction
def stage_set(
    *,
    data_name: str,
    digest8: str,
    sizes: frozenset[int],
    shop_url: str,
    hold_seconds: int,
    now: dt.datetime,
) -> Stage:
    """Everything the demo needs for one data set; what is there already is used again.

    Only the server key, the webhook endpoint and the campaigns' `shop_url` are new each time: the
    former demo's key is revoked and its endpoint, which nobody answers any more, told nothing.
    """
    operator = _operator()
    key = _server_key()
    endpoint = _endpoint(f"{shop_url}/webhooks")
    campaign = _data_campaign(data_name, digest8, hold_seconds, now)
    showcase = _showcase_campaign(hold_seconds, now)
    Campaign.objects.filter(pk__in=(campaign.pk, showcase.pk)).update(shop_url=f"{shop_url}/join")
    return Stage(
        server_key=key,
        webhook_secret=endpoint.secret,
        operator=operator,
        campaign=campaign.public_id,
        offers={size: _offer(campaign, size, DURATION) for size in sorted(sizes)},
        failing_offer=_offer(campaign, FAILING_SIZE, FAILING_DURATION),
        showcase=Showcase(showcase.public_id, _offer(showcase, SHOWCASE_SIZE, SHOWCASE_DURATION)),
        sku=SKU,
        currency=CURRENCY,
    )


def _operator() -> Operator:
    operators = get_user_model()._default_manager
    if operators.filter(username=OPERATOR).exists():
        return Operator(OPERATOR, None)
    password = secrets.token_urlsafe(12)
    operators.create_superuser(OPERATOR, password=password)
    return Operator(OPERATOR, password)


def _server_key() -> str:
    for former in ServerKey.objects.filter(name=OURS, is_test=False, revoked_at=None):
        server_key_revoke(key_id=former.pk)
    _, text = server_key_create(name=OURS)
    return text


def _endpoint(url: str) -> Endpoint:
    for former in Endpoint.objects.active().filter(description=OURS):
        endpoint_deactivate(endpoint_id=former.pk)
    return endpoint_create(url=url, kinds=("refund.requested",), description=OURS)


def _data_campaign(name: str, digest8: str, hold_seconds: int, now: dt.datetime) -> Campaign:
    """The campaign of a data set. The same contents under another name are the same data set."""
    found = Campaign.objects.filter(name__startswith="Demo: ", name__endswith=f" {digest8}").first()
    return found or _campaign(f"Demo: {name[:80]} {digest8}", hold_seconds, now)


def _showcase_campaign(hold_seconds: int, now: dt.datetime) -> Campaign:
    found = Campaign.objects.filter(name="Showcase").first()
    return found or _campaign("Showcase", hold_seconds, now)


def _campaign(name: str, hold_seconds: int, now: dt.datetime) -> Campaign:
    campaign = Campaign(
        name=name,
        starts_at=now,
        time_zone="Asia/Shanghai",
        currency=CURRENCY,
        qualifying_act=Campaign.QualifyingAct.ROOM,
        card_title="Tea tastes better together",
    )
    campaign.full_clean()
    campaign.save()
    Budget.objects.create(campaign=campaign, amount_minor=BUDGET_MINOR)
    for policy in _policies(hold_seconds):
        policy.campaign = campaign
        policy.full_clean()
        policy.save()
    campaign_publish(campaign_id=campaign.pk, now=now)
    return campaign


def _policies(hold_seconds: int) -> list[Policy]:
    """What the demo promises. Neither caps nor the budget bind."""
    return [
        Policy(
            name="Welcome",
            trigger=Trigger.JOINED,
            beneficiary=Beneficiary.MEMBER,
            points=10,
            hold_seconds=hold_seconds,
        ),
        Policy(
            name="A friend's first order",
            trigger=Trigger.ORDER_PAID,
            beneficiary=Beneficiary.REFERRER,
            first_order_only=True,
            points=100,
            hold_seconds=hold_seconds,
        ),
        Policy(
            name="A seat through your link",
            trigger=Trigger.ORDER_PAID,
            beneficiary=Beneficiary.INVITER,
            points=20,
            hold_seconds=hold_seconds,
        ),
        Policy(
            name="Your room is full",
            trigger=Trigger.ROOM_COMPLETED,
            beneficiary=Beneficiary.HOST,
            points=50,
            hold_seconds=hold_seconds,
        ),
    ]


def _offer(campaign: Campaign, size: int, duration: dt.timedelta) -> str:
    """The public id of the campaign's offer with these terms."""
    found = campaign.offers.filter(room_size=size, duration=duration, is_active=True).first()
    if found is None:
        found = _new_offer(campaign, size, duration)
    return found.public_id


def _in_words(duration: dt.timedelta) -> str:
    """How long a room lasts, as a title says it: “24 hours”, “5 seconds”."""
    seconds = int(duration.total_seconds())
    count, unit = (seconds // 3600, "hour") if seconds >= 3600 else (seconds, "second")
    return f"{count} {unit}{'s' * (count != 1)}"


def _new_offer(campaign: Campaign, size: int, duration: dt.timedelta) -> Offer:
    return offer_create(
        campaign_id=campaign.pk,
        title=f"Green tea for {size}, {_in_words(duration)}",
        room_size=size,
        duration=duration,
        hold_ttl=HOLD_TTL,
        items=(TEA,),
    )
