"""How money, dates and keys are written in fixed-width text: parse and render, refusing what is not exact."""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from simulators.kit.currencies import decimals
from simulators.kit.fidelity import exact

exact(
    "amounts right-aligned, unsigned, `.`, exactly the currency's decimals (`1200` JPY, `1.250` KWD); side by "
    "SHKZG. Dates YYYYMMDD, `00000000` initial. Numeric KUNNR and HKONT zero-padded to 10",
    source="documented",
    held_by="test_envelope, test_posting",
)

INITIAL_DATE = "00000000"
_AMOUNT = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


class CodecError(ValueError):
    """Text that is not what its field holds."""


def parse_amount(text: str, currency: str) -> int:
    """Minor units of an unsigned amount written with exactly the currency's decimals: `1200` JPY, `1.250` KWD."""
    match = _AMOUNT.fullmatch(text.strip(" "))
    places = decimals(currency)
    if match is None or len(match[2] or "") != places:
        raise CodecError(f"{text.strip()!r} is not an amount with {places} decimals")
    return int(match[1] + (match[2] or ""))


def render_amount(minor: int, currency: str, width: int = 16) -> str:
    """Minor units right-aligned with the currency's decimals; a leading minus where extracts allow one."""
    return f"{plain_amount(minor, currency):>{width}}"


def plain_amount(minor: int, currency: str) -> str:
    """Minor units as a decimal string."""
    places = decimals(currency)
    digits = f"{abs(minor):0{places + 1}d}"
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def rounded(value: Decimal) -> int:
    """The one place where money is rounded: half up (away from zero), to whole minor units."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def convert(minor: int, currency: str, rate: Decimal, local: str) -> int:
    """Minor units of `local` for an amount of `currency`; `rate` is local per one whole unit of `currency`."""
    return rounded(Decimal(minor) * rate * Decimal(10) ** (decimals(local) - decimals(currency)))


def parse_date(text: str) -> date | None:
    """A YYYYMMDD date; None for initial (zeros or blank)."""
    text = text.strip(" ")
    if text in ("", INITIAL_DATE):
        return None
    if len(text) != 8 or not text.isascii() or not text.isdigit():
        raise CodecError(f"{text!r} is not a date (YYYYMMDD)")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise CodecError(f"{text!r} is not a day of the calendar") from error


def render_date(day: date | None) -> str:
    """YYYYMMDD, or zeros for None."""
    return INITIAL_DATE if day is None else f"{day:%Y%m%d}"


def alpha(text: str, width: int = 10) -> str:
    """Alpha conversion: a numeric key is zero-padded to its width, any other stands as written."""
    text = text.strip(" ")
    return text.zfill(width) if text.isascii() and text.isdigit() else text


def kunnr_hash(kunnr: str) -> int:
    """What one document adds to KUNHASH: the last eight digits of its customer number (none: 0)."""
    digits = "".join(letter for letter in alpha(kunnr) if letter in "0123456789")
    return int(digits[-8:] or "0")
