"""The tax report over both ledgers: what each document that a ledger has posted declares, once, by tax point and code.

It is read from the ledgers' own rows, never from the platform's bills, which `differences` sets it against. An open
item that moved from one ledger to the other, what was taken off it there, and the book of a dual run declare nothing:
the ledger that posted the bill has. A credit is a minus, and so is a reversal, on its own day.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.books_ledgers import SHADOW
from harness.canon import Canon, Correlation
from harness.discounts import booked_with_payments
from harness.money import minor

Row = Mapping[str, Any]
Book = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax code of one posted document; base and tax in minor units of the currency, credits negative.

    `on` is the tax point, `rate` in percent as the ledger writes it, `number` the bill's ('' for one not born here).
    """

    entity: str
    on: str
    ledger: str
    currency: str
    code: str
    rate: str
    document: str
    number: str
    kind: str
    base: int
    tax: int

    @property
    def period(self) -> str:
        """The month of the tax point: 2026-02."""
        return self.on[:7]


@dataclass(frozen=True, slots=True)
class Total:
    """What one ledger declares for an entity, month, currency and tax code; minor units."""

    entity: str
    period: str
    ledger: str
    currency: str
    code: str
    rate: str
    documents: int
    base: int
    tax: int


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
        groups[one.entity, one.period, one.ledger, one.currency, one.code, one.rate].append(one)
    return [
        Total(entity, period, ledger, currency, code, rate, len({one.document for one in mine}),
              sum(one.base for one in mine), sum(one.tax for one in mine))
        for (entity, period, ledger, currency, code, rate), mine in sorted(groups.items())
    ]  # fmt: skip


def differences(lines: Iterable[TaxLine], canon: Canon) -> tuple[list[str], list[str]]:
    """What is declared otherwise than billed, by document and tax point; and taxed bills that no ledger has posted yet.

    A voided bill must come to nothing. What was given up may be without tax in a ledger, or part of a payment there.
    """
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in lines:
        if one.number:
            sums[one.number][one.period] += one.tax
    wrong, waiting = [], []
    bills = {bill.key: bill for bill in canon.bills()}
    with_payments = booked_with_payments(canon)
    for number, bill in sorted(bills.items()):
        mine = {period: tax for period, tax in sums.pop(number, {}).items() if tax}
        owed = {bill.date[:7]: bill.tax if bill.kind == "invoice" else -bill.tax} if bill.tax else {}
        posted = any(one.key == number for one in canon.postings())
        if not posted and owed and not mine:
            if number not in with_payments:
                waiting.append(number)
        elif mine != owed and not (bill.reason == "write_off" and not mine):
            wrong.append(f"{number}: the ledgers declare {_said(mine)} {bill.currency}, billed was {_said(owed)}")
    for number, mine in sorted(sums.items()):
        if sum(mine.values()):
            wrong.append(f"{number}: the ledgers declare {_said(mine)} of a bill that does not hold")
    return wrong, waiting


def _said(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{tax} in {period}" for period, tax in sorted(amounts.items())) or "nothing"


# -- cloud ERP --------------------------------------------------------------------------------


def _cloud(book: Book, bills: set[str], correlation: Correlation) -> list[TaxLine]:
    details: dict[str, list[Row]] = defaultdict(list)
    for row in book.get("line", ()):
        if row["object"].endswith(".taxDetails"):
            details[row["transaction"]].append(row)
    found = []
    for row in book.get("document", ()):
        if row["object"] in ("invoice", "creditMemo") and row["posting"] and row["status"] != "V":
            key = str(row.get("externalId") or "")
            moved = key.startswith((correlation.moved_prefix, SHADOW)) or re.match(correlation.moved_less, key)
            if not moved and str(row["subsidiary"]) not in correlation.shadows:
                found += _of_cloud(row, details[row["id"]], bills, correlation)
    return found


def _of_cloud(row: Row, details: list[Row], bills: set[str], correlation: Correlation) -> list[TaxLine]:
    currency, sign = row["currency"], 1 if row["object"] == "invoice" else -1
    key, number = str(row.get("externalId") or ""), str(row.get("tranId") or "")
    for prefix in (correlation.invoice_prefix, correlation.credit_prefix, correlation.bill_void_prefix,
                   correlation.credit_void_prefix):  # fmt: skip
        if key.startswith(prefix):
            number = key.removeprefix(prefix)
    entity = correlation.subsidiaries.get(str(row["subsidiary"]), str(row["subsidiary"]))
    tax = minor(row.get("taxTotal") or 0, currency)
    number = number if number in bills else ""
    whole = TaxLine(entity, row["tranDate"], "erp_cloud", currency, "", "", row["id"], number, row["object"],
                    sign * (minor(row["total"], currency) - tax), sign * tax)  # fmt: skip
    if not details:
        return [whole]
    return [
        replace(whole, code=one["taxCodeName"], rate=str(one["taxRate"]), base=sign * minor(one["taxBasis"], currency),
                tax=sign * minor(one["taxAmount"], currency))
        for one in details
    ]  # fmt: skip


# -- legacy ERP -------------------------------------------------------------------------------


def _legacy(book: Book, bills: set[str], correlation: Correlation) -> list[TaxLine]:
    taxes: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in book.get("line", ()):
        if row["object"] == "BSET":
            taxes[row["BUKRS"], row["BELNR"], row["GJAHR"]].append(row)
    heads = {(row["BUKRS"], row["BELNR"], row["GJAHR"]): row for row in book.get("document", ())
             if row["object"] == "BKPF"}  # fmt: skip
    found = []
    for place, row in heads.items():
        of = heads.get((row["BUKRS"], row["STBLG"], row["STJAH"])) if row["ZREVERSAL"] else row
        if of is None or of["BLART"] not in ("DR", "DG"):
            continue
        sign = (1 if of["BLART"] == "DR" else -1) * (1 if of is row else -1)
        rows = taxes[of["BUKRS"], of["BELNR"], of["GJAHR"]]
        currency, day = of["WAERS"], row["BLDAT"] if of is row else row["BUDAT"]
        tax = sum(minor(one["FWSTE"], currency) for one in rows)
        whole = TaxLine(
            correlation.company_codes.get(row["BUKRS"], row["BUKRS"]), f"{day[:4]}-{day[4:6]}-{day[6:]}", "erp_legacy",
            currency, "", "", "/".join(place), of["XBLNR"] if of["XBLNR"] in bills else "", row["BLART"],
            sign * (minor(of["WRBTR"], currency) - tax), sign * tax,
        )  # fmt: skip
        found += [
            replace(whole, code=one["MWSKZ"], rate=str(one["KBETR"]).strip(), base=sign * minor(one["FWBAS"], currency),
                    tax=sign * minor(one["FWSTE"], currency))
            for one in rows
        ] or [whole]  # fmt: skip
    return found
