"""What an award costs, and the one rounding."""

from apps.campaigns.rules.terms import AwardKind, PolicyTerms


def divide_rounded(numerator: int, denominator: int) -> int:
    """numerator / denominator for non-negative integers, halves rounded up: the one rounding."""
    return (2 * numerator + denominator) // (2 * denominator)


def points_cost_minor(points: int, cost_of_1000_points_minor: int) -> int:
    """What points cost the shop, in minor units, rounded half up."""
    return divide_rounded(points * cost_of_1000_points_minor, 1000)


def award_cost_minor(
    kind: AwardKind, amount: int, policy: PolicyTerms, cost_of_1000_points_minor: int
) -> int:
    """What `amount` of an award takes from the budget, in minor units.

    Points at their cost, a coupon at its face value or ceiling, a payable at its amount, a gift at
    what the operator says it costs; growth value costs nothing.
    """
    if kind is AwardKind.POINTS:
        return points_cost_minor(amount, cost_of_1000_points_minor)
    if kind is AwardKind.PAYABLE:
        return amount
    if kind is AwardKind.COUPON:
        return amount * policy.coupon_cost_minor
    if kind is AwardKind.CUSTOM:
        return amount * policy.gift_cost_minor
    return 0
