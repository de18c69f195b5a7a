"""Amounts as integer minor units; every judge compares these and nothing else."""

from decimal import Decimal

_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    "events": 0,  # usage is compared by counting
}


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
