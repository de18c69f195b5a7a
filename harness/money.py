"""Amounts as integer minor units; every judge compares these and nothing else."""

from decimal import Decimal

_EXPONENTS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "KWD": 3,
    "BHD": 3,
    "JOD": 3,
    "OMR": 3,
    "TND": 3,
    "events": 0,
}  # usage is compared by counting


def exponent(currency: str) -> int:
    """Decimals of a currency by ISO 4217 (2 unless listed)."""
    return _EXPONENTS.get(currency, 2)


def minor(amount: str | int | Decimal, currency: str) -> int:
    """A decimal amount in minor units; an amount finer than the currency raises ValueError."""
    scaled = Decimal(str(amount or 0)).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} is finer than the currency's {exponent(currency)} decimals")
    return int(scaled)


def text(amount_minor: int, currency: str) -> str:
    """Minor units as people write them: 1234567 USD is 12,345.67."""
    places = exponent(currency)
    return f"{Decimal(amount_minor).scaleb(-places):,.{places}f}"
