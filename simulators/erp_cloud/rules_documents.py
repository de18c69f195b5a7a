"""What makes a sales document whole: priced lines, tax details, totals and due date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Problem, invalid_value, missing_values, user_error
from simulators.erp_cloud.rules_money import ZERO, amount, money_text, number_text, rounded

Doc = dict[str, Any]


@dataclass(frozen=True)
class TaxCode:
    """A tax code as the rules see it; `subsidiaries` empty means every subsidiary of its nexus."""

    id: str
    rate: Decimal
    tax_type: str
    nexus: str
    subsidiaries: tuple[str, ...]
    inactive: bool = False


def price_lines(lines: Sequence[Doc], digits: int) -> Problem | None:
    """Give every line its amount: as told, else quantity x rate, rounded per line; a missing rate is derived."""
    if not lines:
        return user_error("You must enter at least one line item for this transaction.", "item")
    for index, line in enumerate(lines):
        path = f"item.items[{index}]"
        if not line.get("item"):
            return missing_values("Item", path=f"{path}.item")
        quantity, rate = line.get("quantity"), line.get("rate")
        if line.get("amount") not in (None, ""):
            value = rounded(Decimal(line["amount"]), digits)
        elif rate not in (None, ""):
            value = rounded(Decimal(rate) * Decimal(quantity if quantity not in (None, "") else 1), digits)
        else:
            return missing_values("Amount", path=f"{path}.amount")
        line["amount"] = money_text(value, digits)
        if rate in (None, "") and quantity not in (None, "") and Decimal(quantity):
            line["rate"] = number_text((value / Decimal(quantity)).quantize(Decimal("0.00000001")).normalize() + ZERO)
    return None


def items_allowed(lines: Sequence[Doc], items: Mapping[str, Doc], subsidiary: str) -> Problem | None:
    """Every item is active and offered in the document's subsidiary."""
    for index, line in enumerate(lines):
        item = items[line["item"]]
        path = f"item.items[{index}].item"
        offered = item.get("subsidiary") or []
        if item.get("isInactive") or (offered and subsidiary not in offered):
            return invalid_value(path)
    return None


def check_tax(
    details: Sequence[Doc],
    lines: Sequence[Doc],
    codes: Mapping[str, TaxCode],
    subsidiary: str,
    country: str,
    digits: int,
    tolerance: Decimal | None,
) -> Problem | None:
    """Overridden tax details: known line, code of this nexus and subsidiary, amounts to the currency's precision.

    `tolerance` (currency units) is how far an amount may be from basis x rate; None accepts what the caller says.
    """
    references = {line["taxDetailsReference"] for line in lines if line.get("taxDetailsReference")}
    for index, detail in enumerate(details):
        path = f"taxDetails.items[{index}]"
        if not detail.get("taxDetailsReference"):
            return missing_values("Tax Details Reference", path=f"{path}.taxDetailsReference")
        if detail["taxDetailsReference"] not in references:
            return user_error(
                f"The tax details reference {detail['taxDetailsReference']} does not match any transaction line.",
                f"{path}.taxDetailsReference",
            )
        if not detail.get("taxCode"):
            return missing_values("Tax Code", path=f"{path}.taxCode")
        code = codes[detail["taxCode"]]
        wrong_nexus = code.nexus and country and code.nexus != country
        if code.inactive or wrong_nexus or (code.subsidiaries and subsidiary not in code.subsidiaries):
            return invalid_value(f"{path}.taxCode")
        detail["taxType"] = detail.get("taxType") or code.tax_type or None
        if code.tax_type and detail["taxType"] != code.tax_type:
            return invalid_value(f"{path}.taxType")
        rate = code.rate if detail.get("taxRate") in (None, "") else Decimal(detail["taxRate"])
        basis = rounded(amount(detail.get("taxBasis")), digits)
        if detail.get("taxAmount") in (None, ""):
            return missing_values("Tax Amount", path=f"{path}.taxAmount")
        tax = rounded(Decimal(detail["taxAmount"]), digits)
        if tolerance is not None and abs(tax - basis * rate / 100) > tolerance:
            return user_error("The tax amount does not match tax basis and tax rate.", f"{path}.taxAmount")
        detail |= {
            "taxRate": number_text(rate), "taxBasis": money_text(basis, digits), "taxAmount": money_text(tax, digits),
        }  # fmt: skip
    return None


def engine_tax(lines: Sequence[Doc], code: TaxCode | None, digits: int) -> list[Doc]:
    """What the ERP's own engine puts in: one detail a line with the code that its rule found; no rule, no tax."""
    if code is None:
        return []
    details = []
    for number, line in enumerate(lines, 1):
        line["taxDetailsReference"] = line.get("taxDetailsReference") or f"{number}"
        basis = Decimal(line["amount"])
        details.append({
            "line": number, "taxDetailsReference": line["taxDetailsReference"], "taxCode": code.id,
            "taxType": code.tax_type or None, "taxBasis": line["amount"], "taxRate": number_text(code.rate),
            "taxAmount": money_text(basis * code.rate / 100, digits),
        })  # fmt: skip
    return details


def total_up(doc: Doc, digits: int) -> Problem | None:
    """subtotal = sum of lines, taxTotal = sum of tax details, total of both; a negative total is refused."""
    subtotal = sum((Decimal(line["amount"]) for line in doc["item"]), ZERO)
    tax = sum((Decimal(detail["taxAmount"]) for detail in doc.get("taxDetails") or ()), ZERO)
    doc["subtotal"] = money_text(subtotal, digits)
    doc["taxTotal"] = money_text(tax, digits)
    doc["total"] = money_text(subtotal + tax, digits)
    if subtotal + tax < 0:
        return user_error("The total of this transaction can not be negative.", "total")
    return None


def find_tax_rule(rules: Sequence[Mapping[str, Any]], subsidiary: str, ship_to: Mapping[str, Any]) -> str | None:
    """The tax code of the first rule that fits subsidiary, country, state and city; a rule says only what it needs."""
    for rule in rules:
        if rule.get("subsidiary") not in (None, subsidiary):
            continue
        if all(rule.get(name) in (None, ship_to.get(name)) for name in ("country", "state", "city")):
            return str(rule["taxCode"])
    return None


def invoice_status(approval: str, remaining: Decimal, voided: bool = False) -> str:
    """A open, B paid in full, D pending approval, E rejected, V voided."""
    if voided:
        return "V"
    if approval in ("1", "3"):
        return "D" if approval == "1" else "E"
    return "A" if remaining else "B"


def journal_problem(lines: Sequence[Doc], digits: int) -> Problem | None:
    """At least two lines, each with an account and either debit or credit, and both sides equal."""
    debit = credit = ZERO
    for index, line in enumerate(lines):
        path = f"line.items[{index}]"
        if not line.get("account"):
            return missing_values("Account", path=f"{path}.account")
        sides = [side for side in ("debit", "credit") if line.get(side) not in (None, "") and Decimal(line[side])]
        if len(sides) != 1:
            return user_error("A journal line needs either a debit or a credit amount.", path)
        line[sides[0]] = money_text(Decimal(line[sides[0]]), digits)
        line.pop("credit" if sides[0] == "debit" else "debit", None)
        debit += amount(line.get("debit"))
        credit += amount(line.get("credit"))
    if len(lines) < 2 or debit != credit:
        return user_error("The amounts in a journal entry must balance.", "line")
    return None
