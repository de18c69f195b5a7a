"""Money: integer minor units with an ISO 4217 exponent, Decimal in between, rounded half-up in one place."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent(currency: str) -> int:
    """How many decimals the currency has (ISO 4217; two unless the table says otherwise)."""
    return EXPONENTS.get(currency.upper(), 2)


def half_up(amount: Decimal) -> int:
    """The one place where money is rounded: to a whole number of minor units, halves away from zero."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def minor(amount: Decimal | int | str, currency: str) -> int:
    """Minor units of an amount in major units, which must be exact in the currency; ValueError when it is not."""
    try:
        scaled = Decimal(amount).scaleb(exponent(currency))
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no amount of money") from None
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more decimals than {currency} allows")
    return int(scaled)


def major(amount_minor: int, currency: str) -> Decimal:
    """The amount in major units, with exactly the currency's decimals: 1200 JPY -> 1200, 1250 KWD -> 1.250."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def plain(amount_minor: int, currency: str) -> str:
    """The amount in major units as text without an exponent: '12.50', '1200', '1.250'."""
    return f"{major(amount_minor, currency):f}"


def share(amount_minor: int, rate_percent: Decimal) -> int:
    """That many per cent of an amount, rounded half-up to minor units."""
    return half_up(Decimal(amount_minor) * rate_percent / 100)
