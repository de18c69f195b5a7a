"""Usage added up: by sum, last or maximum, in exact decimals."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

QUANTITY_MAX = Decimal(10) ** 12
DECIMALS_MAX = 10


def quantity_of(text: str) -> Decimal:
    """A quantity as the API takes it: a decimal string, not negative; ValueError for anything else."""
    try:
        quantity = Decimal(text)
    except InvalidOperation:
        raise ValueError("should be a decimal number") from None
    if not quantity.is_finite() or quantity < 0 or quantity > QUANTITY_MAX:
        raise ValueError(f"should be between 0 and {QUANTITY_MAX:f}")
    if -int(quantity.as_tuple().exponent) > DECIMALS_MAX:
        raise ValueError(f"has more than {DECIMALS_MAX} decimals")
    return quantity


def metered_quantity(calculation: str, usages: Sequence[tuple[int, Decimal]]) -> Decimal:
    """What a term comes to of (usage date, quantity) pairs, by the item's `usage_calculation`."""
    if not usages:
        return Decimal(0)
    if calculation == "last_usage":
        return max(usages, key=lambda usage: usage[0])[1]
    if calculation == "max_usage":
        return max(quantity for _, quantity in usages)
    return sum((quantity for _, quantity in usages), Decimal(0))


def plain(quantity: Decimal) -> str:
    """A quantity without exponent and without zeros at its end."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
