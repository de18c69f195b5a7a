"""Double entry: the general-ledger lines behind each posting document, balanced to the last unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.erp_cloud.rules_money import ZERO, amount, rounded

Doc = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One ledger line: `value` in base currency, positive a debit; `foreign` the same in document currency."""

    account: str
    value: Decimal
    foreign: Decimal
    line: int = 0  # line of the document, 0 for its main line
    memo: str = ""
    entity: str = ""


@dataclass(frozen=True)
class Accounts:
    """The system accounts that postings fall back on."""

    receivable: str
    undeposited: str
    tax: str
    exchange: str


def sale_entries(
    doc: Doc, items: Mapping[str, Doc], tax_accounts: Mapping[str, str], accounts: Accounts, digits: int, sign: int
) -> list[Entry]:
    """Invoice (`sign` 1): Dr A/R, Cr income or deferred revenue a line, Cr tax. Credit memo (`sign` -1): reversed."""
    rate = Decimal(doc["exchangeRate"])
    entries = []
    for line in doc["item"]:
        item = items[line["item"]]
        account = item.get("deferralAccount") or item["incomeAccount"]
        value = Decimal(line["amount"])
        entries.append(
            Entry(
                account,
                -sign * rounded(value * rate, digits),
                -sign * value,
                line["line"],
                line.get("description") or "",
            )
        )
    for detail in doc.get("taxDetails") or ():
        value = Decimal(detail["taxAmount"])
        account = tax_accounts.get(detail["taxCode"]) or accounts.tax
        entries.append(Entry(account, -sign * rounded(value * rate, digits), -sign * value))
    base = -sum((entry.value for entry in entries), ZERO)
    return [Entry(doc["account"], base, sign * Decimal(doc["total"])), *entries]


def settle_entries(source: Sequence[Entry], receivable: str, doc: Doc, exchange: str) -> list[Entry]:
    """The receivable side of what pays: applied at the invoices' own rates, the rest at its own, the gap realised.

    `source` is everything but receivables, in debit; its sum is what the payment is worth.
    """
    given = sum((amount(line["base"]) for line in doc.get("apply") or ()), ZERO)
    relief = given + amount(doc["baseUnapplied"]) + amount(doc.get("baseRefunded"))
    worth = sum((entry.value for entry in source), ZERO)
    foreign = sum((entry.foreign for entry in source), ZERO)
    entries = [Entry(receivable, -relief, -foreign), *source]
    if worth != relief:
        entries.append(Entry(exchange, relief - worth, ZERO, memo="Realized gain/loss"))
    return entries


def refund_entries(doc: Doc, bank: str, receivable: str, exchange: str, worth: Decimal) -> list[Entry]:
    """Cr bank at the refund's own rate (`worth`), Dr A/R at the rates of what it takes from, the gap realised."""
    relief = sum((amount(line["base"]) for line in doc["apply"]), ZERO)
    total = Decimal(doc["total"])
    entries = [Entry(bank, -worth, -total), Entry(receivable, relief, total)]
    if worth != relief:
        entries.append(Entry(exchange, worth - relief, ZERO, memo="Realized gain/loss"))
    return entries


def journal_entries(doc: Doc, digits: int) -> list[Entry]:
    """A journal's own lines; a rounding difference of the conversion stays on the last line."""
    rate = Decimal(doc["exchangeRate"])
    entries = []
    for line in doc["line"]:
        value = amount(line.get("debit")) - amount(line.get("credit"))
        entries.append(
            Entry(line["account"], rounded(value * rate, digits), value, line["line"], line.get("memo") or "",
                  line.get("entity") or "")
        )  # fmt: skip
    gap = sum((entry.value for entry in entries), ZERO)
    if gap:
        last = entries[-1]
        entries[-1] = Entry(last.account, last.value - gap, last.foreign, last.line, last.memo, last.entity)
    return entries


def balanced(entries: Sequence[Entry]) -> bool:
    """Debits equal credits in base currency, and in document currency."""
    return not sum((entry.value for entry in entries), ZERO) and not sum((one.foreign for one in entries), ZERO)
