"""The tax report over both ledgers: what each document that a ledger has posted declares, once, by tax point and code.

It is read from the ledgers' own rows, never from the platform's bills, which `differences` sets it against. An open
item that moved from one ledger to the other, what was taken off it there, and the book of a dual run declare nothing:
the ledger that posted the bill has; if one carries tax all the same, it is declared, and shows as a difference. A
credit is a minus, and so is a reversal, on its own day.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from harness.books_ledgers import SHADOW
from harness.canon import Canon, Correlation
from harness.discounts import booked_with_payments
from harness.money import exponent, minor
from harness.tax_lines import TaxLine

Row = Mapping[str, Any]
Book = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Total:
    """What a ledger declares for an entity, month, currency and tax code; minor units, `local_*` of its own."""

    entity: str
    period: str
    ledger: str
    currency: str
    code: str
    rate: str
    documents: int
    base: int
    tax: int
    local_currency: str = ""
    local_base: int = 0
    local_tax: int = 0


def declared(books: Mapping[str, Book], canon: Canon, correlation: Correlation) -> list[TaxLine]:
    """All lines of both ledgers by entity, tax point, ledger and document. `canon` gives the numbers of bills."""
    bills = {bill.key for bill in canon.of("subscriptions")}
    found = _cloud(books.get("erp_cloud", {}), bills, correlation)
    found += _legacy(books.get("erp_legacy", {}), bills, correlation)
    return sorted(found, key=lambda one: (one.entity, one.on, one.ledger, one.document, one.code))


def totals(lines: Iterable[TaxLine]) -> list[Total]:
    """Added up by entity, month, ledger, currency, code and rate; each document counted once."""
    groups: dict[tuple[str, ...], list[TaxLine]] = defaultdict(list)
    for one in lines:
        groups[one.entity, one.period, one.ledger, one.currency, one.code, one.rate, one.local_currency].append(one)
    return [
        Total(entity, period, ledger, currency, code, rate, len({one.document for one in mine}),
              sum(one.base for one in mine), sum(one.tax for one in mine), local,
              sum(one.local_base for one in mine), sum(one.local_tax for one in mine))
        for (entity, period, ledger, currency, code, rate, local), mine in sorted(groups.items())
    ]  # fmt: skip


def differences(lines: Iterable[TaxLine], canon: Canon) -> tuple[dict[str, str], list[str]]:
    """By number what is declared otherwise than billed, by tax point; and taxed bills that no ledger has posted yet.

    A voided bill must come to nothing. What was given up may be without tax in a ledger, or part of a payment there.
    """
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in lines:
        if one.number:
            sums[one.number][one.period] += one.tax
    wrong: dict[str, str] = {}
    waiting = []
    bills = {bill.key: bill for bill in canon.bills()}
    posted = {one.key for one in canon.postings()}
    with_payments = booked_with_payments(canon)
    for number, bill in sorted(bills.items()):
        mine = {period: tax for period, tax in sums.pop(number, {}).items() if tax}
        owed = {bill.date[:7]: bill.tax if bill.kind == "invoice" else -bill.tax} if bill.tax else {}
        if number not in posted and owed and not mine:
            if number not in with_payments:
                waiting.append(number)
        elif mine != owed and not (bill.reason == "write_off" and not mine):
            wrong[number] = f"the ledgers declare {_said(mine)} {bill.currency}, billed was {_said(owed)}"
    for number, mine in sorted(sums.items()):
        if sum(mine.values()):
            wrong[number] = f"the ledgers declare {_said(mine)} of a bill that does not hold"
    return wrong, waiting


def _said(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{tax} in {period}" for period, tax in sorted(amounts.items())) or "nothing"


def _local(amount_minor: int, currency: str, rate: Decimal, local: str) -> int:
    """An amount in the entity's own currency, rounded half up to its minor unit, as both ledgers do line by line."""
    value = Decimal(amount_minor).scaleb(exponent(local) - exponent(currency)) * rate
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


# -- cloud ERP --------------------------------------------------------------------------------


def _cloud(book: Book, bills: set[str], correlation: Correlation) -> list[TaxLine]:
    details: dict[str, list[Row]] = defaultdict(list)
    for row in book.get("line", ()):
        if row["object"].endswith(".taxDetails"):
            details[row["transaction"]].append(row)
    own = {row["transaction"]: str(row["baseCurrency"]) for row in book.get("ledger", ())}
    found = []
    for row in book.get("document", ()):
        if row["object"] in ("invoice", "creditMemo") and row["posting"] and row["status"] != "V":
            key = str(row.get("externalId") or "")
            moved = key.startswith((correlation.moved_prefix, SHADOW)) or re.match(correlation.moved_less, key)
            taxed = Decimal(str(row.get("taxTotal") or 0)) != 0
            if (taxed or not moved) and str(row["subsidiary"]) not in correlation.shadows:
                local = own.get(row["id"]) or row["currency"]
                found += _of_cloud(row, local, details[row["id"]], bills, correlation)
    return found


def _of_cloud(row: Row, local: str, details: list[Row], bills: set[str], correlation: Correlation) -> list[TaxLine]:
    currency, sign = row["currency"], 1 if row["object"] == "invoice" else -1
    key, number = str(row.get("externalId") or ""), str(row.get("tranId") or "")
    for prefix in (correlation.invoice_prefix, correlation.credit_prefix, correlation.bill_void_prefix,
                   correlation.credit_void_prefix, correlation.moved_prefix):  # fmt: skip
        if key.startswith(prefix):
            number = key.removeprefix(prefix)
    entity = correlation.subsidiaries.get(str(row["subsidiary"]), str(row["subsidiary"]))
    rate, number = Decimal(str(row.get("exchangeRate") or 1)), number if number in bills else ""

    def line(code: str, percent: str, base: int, tax: int) -> TaxLine:
        return TaxLine(
            entity, row["tranDate"], "erp_cloud", currency, code, percent, row["id"], number, row["object"],
            sign * base, sign * tax, local, sign * _local(base, currency, rate, local),
            sign * _local(tax, currency, rate, local),
        )  # fmt: skip

    tax = minor(row.get("taxTotal") or 0, currency)
    return [
        line(one["taxCodeName"], str(one["taxRate"]), minor(one["taxBasis"], currency),
             minor(one["taxAmount"], currency))
        for one in details
    ] or [line("", "", minor(row["total"], currency) - tax, tax)]  # fmt: skip


# -- legacy ERP -------------------------------------------------------------------------------


def _legacy(book: Book, bills: set[str], correlation: Correlation) -> list[TaxLine]:
    taxes: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    entries: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in book.get("line", ()):
        if row["object"] == "BSET":
            taxes[row["BUKRS"], row["BELNR"], row["GJAHR"]].append(row)
    for row in book.get("ledger", ()):
        entries[row["BUKRS"], row["BELNR"], row["GJAHR"]].append(row)
    heads = {(row["BUKRS"], row["BELNR"], row["GJAHR"]): row for row in book.get("document", ())
             if row["object"] == "BKPF"}  # fmt: skip
    found = []
    for place, row in heads.items():
        of = heads.get((row["BUKRS"], row["STBLG"], row["STJAH"])) if row["ZREVERSAL"] else row
        if of is None or of["BLART"] not in ("DR", "DG"):
            continue
        key = (of["BUKRS"], of["BELNR"], of["GJAHR"])
        number = of["XBLNR"] if of["XBLNR"] in bills else ""
        entity = correlation.company_codes.get(row["BUKRS"], row["BUKRS"])
        found += _of_legacy(row, of, TaxLine(entity, _day(row, of), "erp_legacy", of["WAERS"], "", "", "/".join(place),
                                             number, row["BLART"], 0, 0), taxes[key], entries[key])  # fmt: skip
    return found


def _day(row: Row, of: Row) -> str:
    """The tax point: the document's date, and of a reversal the day on which it was posted."""
    day = row["BLDAT"] if of is row else row["BUDAT"]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _of_legacy(row: Row, of: Row, bare: TaxLine, taxes: list[Row], entries: list[Row]) -> list[TaxLine]:
    """A line a tax segment; in local currency the tax is what stands in the ledger, its base at the document's rate."""
    sign = (1 if of["BLART"] == "DR" else -1) * (1 if of is row else -1)
    currency, local = of["WAERS"], str(of.get("HWAER") or of["WAERS"])
    customer = next((one for one in entries if one["KOART"] == "D"), None)
    rate = Decimal(1) if customer is None else Decimal(customer["DMBTR"]) / Decimal(customer["WRBTR"])
    booked = {(one["MWSKZ"], one["WRBTR"]): one["DMBTR"] for one in entries if one["KOART"] == "S" and one["MWSKZ"]}

    def line(code: str, percent: str, base: int, tax: int, tax_local: int) -> TaxLine:
        return replace(
            bare, code=code, rate=percent, base=sign * base, tax=sign * tax, local_currency=local,
            local_base=sign * _local(base, currency, rate, local), local_tax=sign * tax_local,
        )  # fmt: skip

    found = []
    for one in taxes:
        tax = minor(one["FWSTE"], currency)
        known = booked.get((one["MWSKZ"], one["FWSTE"]))
        mine = _local(tax, currency, rate, local) if known is None else minor(known, local)
        found.append(line(one["MWSKZ"], str(one["KBETR"]).strip(), minor(one["FWBAS"], currency), tax, mine))
    return found or [line("", "", minor(of["WRBTR"], currency), 0, 0)]
