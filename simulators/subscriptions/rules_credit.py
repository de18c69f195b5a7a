"""Credits against an invoice: how a gross amount is spread over its lines, at the invoice's own tax rates."""

from collections.abc import Sequence
from decimal import Decimal

from simulators.subscriptions.rules_price import minor


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """`total` shared out in proportion to `weights`; the shares sum to it exactly (largest remainders first)."""
    whole = sum(weights)
    if whole <= 0:
        return [total, *[0] * (len(weights) - 1)] if weights else []
    exact = [Decimal(total) * weight / whole for weight in weights]
    shares = [int(value) for value in exact]
    rest = total - sum(shares)
    order = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in order[:rest]:
        shares[index] += 1
    return shares


def net_and_tax(gross: int, rate: Decimal) -> tuple[int, int]:
    """Split a gross amount at a percentage: tax rounded half-up, net the rest."""
    tax = minor(Decimal(gross) * rate / (100 + rate))
    return gross - tax, tax
