"""Which tax treatment applies: entity x ship-to x registration x tax point; and the ledger's code for a bill's rate."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from synccore.domain import vat
from synccore.domain.deals import Address
from synccore.domain.mappings import TaxMap, TaxRule
from synccore.domain.money import share

TOLERANCE_MINOR_PER_LINE = 1  # rounding per line or per invoice may differ by that much


@dataclass(frozen=True)
class Untaxable:
    """No treatment can be chosen, and why."""

    reason: str


def rule_for(taxes: TaxMap, address: Address, tax_id: str, on: date) -> TaxRule | None:
    """The most specific rule in force that day for the address: city before state before country before the EU before
    '*', and among equals the one for a registered business.
    """
    best: tuple[int, TaxRule] | None = None
    for rule in taxes.rules:
        if (rule.valid_from and on < rule.valid_from) or (rule.valid_to and on > rule.valid_to):
            continue
        rank = _rank(rule, address, tax_id)
        if rank is not None and (best is None or rank > best[0]):
            best = (rank, rule)
    return best[1] if best else None


def _rank(rule: TaxRule, address: Address, tax_id: str) -> int | None:
    """How exactly a rule fits; None when it does not."""
    if rule.reverse_charge and not vat.valid(tax_id, address.code):
        return None
    rank = 1 if rule.reverse_charge else 0
    in_union = rule.country == vat.UNION
    if in_union and address.code not in vat.MEMBER_STATES:
        return None
    for wanted, given, weight in (
        ("" if in_union or rule.country == "*" else rule.country, address.code, 4),
        (rule.state, address.state, 8),
        (rule.city, address.city, 16),
    ):
        if not wanted:
            continue
        if wanted.strip().lower() != given.strip().lower():
            return None
        rank += weight
    return rank + 2 if in_union else rank


def treatment(taxes: TaxMap, address: Address, tax_id: str, on: date) -> TaxRule | Untaxable:
    """The rule for a customer, or what its tax profile lacks."""
    if not address.country.strip():
        return Untaxable("the account has no country in its billing or shipping address")
    if not address.code:
        return Untaxable(f"the country '{address.country}' of the account is not known")
    in_country = [rule for rule in taxes.rules if rule.country == address.code]
    if any(rule.needs_state for rule in in_country) and not address.state.strip():
        return Untaxable(f"the account has no state, which decides its tax in {address.code}")
    registered = any(rule.reverse_charge for rule in taxes.rules) and address.code in vat.MEMBER_STATES
    if registered and tax_id.strip() and not vat.valid(tax_id, address.code):
        return Untaxable(f"'{tax_id.strip()}' is no valid VAT id of {address.code} (Tax_Id__c)")
    rule = rule_for(taxes, address, tax_id, on)
    if rule is None:
        return Untaxable(f"no tax rule covers {address.code} on {on.isoformat()}")
    if rule.needs_tax_id and not tax_id.strip():
        return Untaxable(f"the account has no tax registration number (Tax_Id__c), needed in {address.code}")
    return rule


def rule_of_bill_line(
    taxes: TaxMap, address: Address, tax_id: str, rate: Decimal, on: date, free: bool = False
) -> TaxRule | Untaxable:
    """The rule whose code the ledger gets for a line billed at `rate`: the issuer's bill decides, the rule must agree.

    A bill without an address is matched by its rate alone. `free`: nothing is billed, which no rate contradicts.
    """
    if address.code:
        rule = rule_for(taxes, address, tax_id, on)
        if rule is not None and (rule.rate == rate or free):
            return rule
        expected = "no rule" if rule is None else f"{rule.rate} %"
        return Untaxable(
            f"billed at {rate} % where the tax map says {expected} ({address.code} {address.state})".strip()
        )
    for rule in taxes.rules:
        in_force = not (rule.valid_from and on < rule.valid_from) and not (rule.valid_to and on > rule.valid_to)
        if rule.rate == rate and in_force:
            return rule
    return Untaxable(f"no tax rule has the billed rate of {rate} %")


def off_by(net: int, rate: Decimal, billed_tax: int) -> int:
    """How far the billed tax of a line is from our own computation, beyond the tolerance (0 = agreed)."""
    difference = abs(share(net, rate) - billed_tax)
    return difference if difference > TOLERANCE_MINOR_PER_LINE else 0
