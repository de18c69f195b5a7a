"""Who is taxed at what rate: the issuer's rules by business entity, place, VAT number and date."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.kit.fidelity import approximate, exact

exact(
    "tax per line with the vendor's exempt reasons",
    source="observed, documented",
    held_by="test_rules, test_invoices",
)
approximate(
    "taxes",
    "rules from the seed by entity, country, state, city and date, most exact place first (`EU` for all "
    "member states); EU reverse charge by the form of the VAT number",
    source="ours",
)

EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip
_VAT = re.compile(r"(?P<country>[A-Z]{2})(?P<rest>[0-9A-Z+*]{2,12})")
_VAT_DIGITS = {"DE": 9, "AT": 9, "FR": 11, "IT": 11, "NL": 12, "BE": 10, "ES": 9, "PL": 10, "SE": 12, "DK": 8}


@dataclass(frozen=True)
class Treatment:
    """The tax of one line: a percentage, or zero with the vendor's reason."""

    rate: Decimal
    name: str = ""
    reason: str | None = None
    juris_type: str = "country"
    juris_name: str = ""
    juris_code: str = ""


def vat_number_status(vat_number: str | None, country: str | None) -> str:
    """`valid` or `invalid` by form for the EU, `undetermined` elsewhere (no register is asked)."""
    if not vat_number or country not in EU:
        return "undetermined"
    found = _VAT.fullmatch(vat_number.replace(" ", "").upper())
    prefix = "EL" if country == "GR" else country
    if found is None or found["country"] != prefix:
        return "invalid"
    length = _VAT_DIGITS.get(country)
    return "valid" if length is None or len(found["rest"]) == length else "invalid"


def treatment(
    rules: Sequence[Mapping[str, Any]], home: str | None, address: Mapping[str, Any], vat_number: str | None, day: str
) -> Treatment:
    """The treatment of a taxable line for an address on a day (`YYYY-MM-DD`).

    `rules` are the seller's: country (`EU` for any member state, `*` for any other), state?, city?, rate, name,
    valid_from?, valid_to? (inclusive), exempt_reason?. The most exact place wins. `home` is the seller's
    country, where it is known.
    """
    if not rules:
        return Treatment(Decimal(0), reason="tax_not_configured")
    country = address.get("country")
    if home in EU and country in EU and country != home and vat_number_status(vat_number, country) == "valid":
        return Treatment(Decimal(0), reason="reverse_charge")
    best: tuple[int, Mapping[str, Any]] | None = None
    for rule in rules:
        depth = _depth(rule, address)
        valid = rule.get("valid_from", "") <= day and (rule.get("valid_to") is None or day <= rule["valid_to"])
        if depth is not None and valid and (best is None or depth > best[0]):
            best = (depth, rule)
    if best is None:
        sold_here = country is None or any(rule["country"] == country for rule in rules)
        return Treatment(Decimal(0), reason="region_non_taxable" if sold_here else "export")
    return _by(best[1], best[0], str(country))


def _depth(rule: Mapping[str, Any], address: Mapping[str, Any]) -> int | None:
    """How exactly a rule's place fits an address (0 any country, 1 the EU .. 4 city); None when it does not."""
    if rule["country"] == "*":
        return 0 if address.get("country") else None
    if rule["country"] == "EU":
        return 1 if address.get("country") in EU else None
    if rule["country"] != address.get("country"):
        return None
    depth = 2
    if rule.get("state"):
        if _plain(rule["state"]) not in (_plain(address.get("state_code")), _plain(address.get("state"))):
            return None
        depth += 1
    if rule.get("city"):
        if _plain(rule["city"]) != _plain(address.get("city")):
            return None
        depth += 1
    return depth


def _plain(text: str | None) -> str:
    return (text or "").strip().casefold()


def _by(rule: Mapping[str, Any], depth: int, country: str) -> Treatment:
    rate = Decimal(str(rule["rate"]))
    if rate == 0:
        return Treatment(rate, reason=rule.get("exempt_reason", "region_non_taxable"))
    kind = {3: "state", 4: "city"}.get(depth, "country")
    place = rule.get("city") if depth == 4 else rule.get("state") if depth == 3 else country
    return Treatment(rate, str(rule["name"]), None, kind, str(place), str(place))
