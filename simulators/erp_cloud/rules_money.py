"""Money: Decimals rounded half-up to the currency's precision here and nowhere else, kept as decimal text."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal(0)
_E4 = Decimal(10_000)
_UNITS = {digits: Decimal(1).scaleb(-digits) for digits in range(9)}


def amount(value: Any) -> Decimal:
    """A stored amount as a Decimal; None and '' are zero."""
    return Decimal(value) if value else ZERO


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half-up to a currency's precision."""
    return value.quantize(_UNITS[digits], ROUND_HALF_UP)


def money_text(value: Decimal, digits: int) -> str:
    """The form kept in documents: `120.50`, never an exponent, never minus zero."""
    exact = rounded(value, digits)
    return f"{exact if exact else abs(exact):f}"


def number_text(value: Decimal) -> str:
    """A quantity or rate as it was given, without an exponent."""
    return f"{value:f}"


def e4(value: Decimal) -> int:
    """Ten-thousandths, as the ledger rows hold amounts."""
    return int((value * _E4).to_integral_value(ROUND_HALF_UP))


def from_e4(value: int, digits: int = 2) -> str:
    """A ledger row's amount as decimal text."""
    return money_text(Decimal(value) / _E4, digits)


def precision_error(value: Decimal) -> bool:
    """Is the number beyond what the vendor's amount fields hold (15 digits before the point, or not finite)?"""
    return not value.is_finite() or (bool(value) and value.adjusted() >= 15)
