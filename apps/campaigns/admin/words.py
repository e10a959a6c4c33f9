"""What the codes of a policy are called in the admin."""

from apps.campaigns.rules import AwardKind, Beneficiary, HoldFrom, Trigger

Choices = list[tuple[str, str]]

TRIGGERS: Choices = [
    (Trigger.JOINED, "Somebody joins the campaign"),
    (Trigger.ORDER_PAID, "An order is paid"),
    (Trigger.FRIEND_CONFIRMED, "A friend they brought is confirmed"),
    (Trigger.FRIEND_BOUGHT, "A friend they brought buys"),
    (Trigger.ROOM_OPENED, "A group opens: its host has paid"),
    (Trigger.ROOM_COMPLETED, "A group is complete"),
    (Trigger.TIER_REACHED, "A member reaches a tier"),
    (Trigger.CHECKED_IN, "A member checks in"),
    (Trigger.BIRTHDAY, "A member has birthday"),
]
BENEFICIARIES: Choices = [
    (Beneficiary.MEMBER, "The member themselves"),
    (Beneficiary.REFERRER, "Who brought them"),
    (Beneficiary.SECOND_REFERRER, "Who brought that one (second level)"),
    (Beneficiary.INVITER, "Whose link filled the seat"),
    (Beneficiary.HOST, "The group's host"),
    (Beneficiary.SEATED, "Everybody seated in the group"),
]
KINDS: Choices = [
    (AwardKind.POINTS, "Points"),
    (AwardKind.COUPON, "A coupon"),
    (AwardKind.GROWTH, "Growth value"),
    (AwardKind.PAYABLE, "Money the shop pays out"),
    (AwardKind.CUSTOM, "A gift the shop hands over"),
]
# What takes a budget beside awards.
OTHER_PARTS = {"group_discount": "Group discounts"}
HOLDS: Choices = [
    (HoldFrom.FACT, "From the moment it happened"),
    (HoldFrom.FULFILMENT, "From the order's fulfilment"),
]
