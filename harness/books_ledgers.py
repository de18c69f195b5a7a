"""The two ledgers' rows, read into the vocabulary of `canon`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from harness.canon import Canon, Cleared, Correlation, Customer, Document, DocumentKind, LedgerLine, Receipt
from harness.deferrals import Deferral
from harness.money import minor

Row = Mapping[str, Any]
Book = Mapping[str, Any]
SHADOW = "SHADOW-"  # begins each key in the book of a dual run


def _rows(book: Book, table: str, *objects: str) -> list[Row]:
    return [row for row in book.get(table, ()) if row.get("object") in objects]


# -- cloud ERP --------------------------------------------------------------------------------


def cloud(book: Book, canon: Canon, correlation: Correlation) -> None:
    """NetSuite-style books: amounts are decimal texts in the transaction's currency. What stands in the subsidiary of
    a dual run is a book of its own.
    """
    if not correlation.shadows:
        _cloud(book, canon, correlation)
        return
    _cloud(_part(book, correlation, shadow=False), canon, correlation)
    canon.shadow = Canon(accounts=canon.accounts, customers=list(canon.customers), documents=list(canon.bills()))
    before, marks = SHADOW, ("customer", "invoice", "credit", "bill_void", "credit_void")
    keys: dict[str, Any] = {f"{name}_prefix": before + getattr(correlation, f"{name}_prefix") for name in marks}
    there = replace(correlation, subsidiaries=correlation.shadows, **keys)
    _cloud(_part(book, correlation, shadow=True), canon.shadow, there)
    canon.unread += canon.shadow.unread


def _part(book: Book, correlation: Correlation, *, shadow: bool) -> Book:
    """The rows of the subsidiaries of dual runs, or all others; rows without a subsidiary follow their document."""
    return {
        table: [row for row in rows
                if "subsidiary" not in row or (str(row["subsidiary"]) in correlation.shadows) == shadow]
        if isinstance(rows, list) else rows
        for table, rows in book.items()
    }  # fmt: skip


def _cloud(book: Book, canon: Canon, correlation: Correlation) -> None:
    accounts = {customer.id: customer.account for customer in canon.customers if customer.system == "subscriptions"}
    bills = {bill.key: bill for bill in canon.of("subscriptions")}
    owners = {  # a customer under another key than ours is whose bills it carries
        str(row["entity"]): bills[row["tranId"]].posted_to
        for row in _rows(book, "document", "invoice") if row.get("tranId") in bills
    }  # fmt: skip

    def account_of(external: Any, internal: Any) -> str:
        key = str(external or "")
        prefix = correlation.customer_prefix
        known = accounts.get(key.removeprefix(prefix), "") if key.startswith(prefix) else ""
        return known or owners.get(str(internal), "")

    for row in _rows(book, "party", "customer"):
        account = account_of(row.get("externalId"), row["id"])
        for subsidiary in dict.fromkeys((row["subsidiary"], *row.get("subsidiaries", ()))):
            entity = correlation.subsidiaries.get(str(subsidiary), str(subsidiary))
            name = row.get("companyName") or row.get("entityId") or ""
            canon.customers.append(Customer("erp_cloud", row["id"], account, entity, name))
    lines: dict[str, int] = {}
    for row in _rows(book, "line", "invoice.item", "creditMemo.item"):
        lines[row["transaction"]] = lines.get(row["transaction"], 0) + 1
    codes: dict[str, dict[str, None]] = {}
    for row in _rows(book, "line", "invoice.taxDetails", "creditMemo.taxDetails"):
        codes.setdefault(row["transaction"], {})[row["taxCodeName"]] = None
    kinds: dict[str, tuple[DocumentKind, str]] = {
        "invoice": ("invoice", correlation.invoice_prefix),
        "creditMemo": ("credit", correlation.credit_prefix),
    }
    voided = _voided(_rows(book, "document", *kinds), correlation)
    less, sold, counted = list[Document](), _by_item(book, _net), _by_item(book, _quantity)
    for row in _rows(book, "document", *kinds):
        if row["status"] != "V" and row["id"] not in voided:
            kind, prefix = kinds[row["object"]]
            external, into = str(row.get("externalId") or ""), canon.documents
            if external.startswith(correlation.moved_prefix):
                prefix, into = correlation.moved_prefix, canon.moved
            elif cut := re.match(correlation.moved_less, external):
                prefix, into = cut[0], less
            number = _number(row, prefix, bills)
            posting = _cloud_document(row, kind, number, account_of, lines, codes, correlation)
            into.append(replace(posting, items=sold.get(row["id"], ()), units=counted.get(row["id"], ())))
    _settle_moved(canon, less, _rows(book, "document", "creditMemo"), correlation)
    _cloud_receipts(book, canon, account_of, correlation)
    _cloud_deferrals(book, canon, correlation)
    for row in _rows(book, "ledger", "transactionAccountingLine"):
        if row["posting"]:
            currency = row["currency"]
            canon.ledger.append(
                LedgerLine(
                    "erp_cloud", correlation.subsidiaries.get(row["subsidiary"], row["subsidiary"]), currency,
                    row["transaction"], row["acctNumber"] or row["account"], row["acctType"] == "AcctRec",
                    minor(row["foreignAmount"], currency), row["postingPeriod"],
                    minor(row["debit"], row["baseCurrency"]) - minor(row["credit"], row["baseCurrency"]),
                    row["acctType"] == "DeferRevenue",
                )
            )  # fmt: skip


def _by_item(book: Book, worth: Callable[[Row], int]) -> dict[str, tuple[tuple[str, int], ...]]:
    """What each document's lines come to, by item."""
    found: dict[str, dict[str, int]] = {}
    for row in _rows(book, "line", "invoice.item", "creditMemo.item"):
        sums, item = found.setdefault(row["transaction"], {}), str(row.get("itemExternalId") or "")
        sums[item] = sums.get(item, 0) + worth(row)
    return {
        document: tuple(sorted((item, total) for item, total in sums.items() if total))
        for document, sums in found.items()
    }


def _net(row: Row) -> int:
    return minor(row.get("amount") or 0, row["currency"])


def _quantity(row: Row) -> int:
    return int(Decimal(str(row.get("quantity") or 0)))


def _settle_moved(canon: Canon, less: list[Document], memos: list[Row], correlation: Correlation) -> None:
    """What came over is less by what was taken off again, and nothing if that was all. Of a bill that was voided after
    its item came, the memo that took it back is none, nor is the posting in the ledger that it came from.
    """
    for memo in less:
        index = next((at for at, one in enumerate(canon.moved) if one.key == memo.key), None)
        if index is None:
            canon.documents.append(memo)
            continue
        one = canon.moved[index]
        rest = {name: getattr(one, name) - getattr(memo, name) for name in ("net", "tax", "gross", "open")}
        canon.moved[index] = replace(one, **rest)
    canon.moved = [one for one in canon.moved if one.gross or one.open]
    for one in canon.moved:
        key = f"{correlation.bill_void_prefix}{one.key}"
        row = next((row for row in memos if row.get("externalId") == key and not _rest(row)), None)
        if row is not None and minor(row["total"], row["currency"]) == one.gross and not one.open:
            canon.taken_back.add(one.key)
            canon.documents = [each for each in canon.documents if each.system != "erp_cloud" or each.id != row["id"]]


def _cloud_receipts(book: Book, canon: Canon, account_of: Any, correlation: Correlation) -> None:
    """Payments with what they settle, refunds with the credit memos that they pay out."""
    applied: dict[str, list[tuple[str, Any]]] = {}
    for row in _rows(book, "allocation", "customerPayment.apply"):
        of = str(row.get("docExternalId") or "")
        bill = of.removeprefix(correlation.invoice_prefix).removeprefix(correlation.moved_prefix)
        applied.setdefault(row["transaction"], []).append((bill, row["amount"]))
    for row in _rows(book, "allocation", "customerRefund.apply"):
        external = str(row.get("docExternalId") or "")
        if external.startswith(correlation.credit_prefix):  # what a payment gives back is set against nothing
            number = external.removeprefix(correlation.credit_prefix)
            applied.setdefault(row["transaction"], []).append((number, -Decimal(row["amount"])))
    for row in _rows(book, "document", "customerPayment", "customerRefund"):
        if row.get("status") != "V":
            canon.receipts.append(_cloud_receipt(row, account_of, applied.get(row["id"], []), correlation))


def _cloud_deferrals(book: Book, canon: Canon, correlation: Correlation) -> None:
    """Recognition schedules with what each month took of them."""
    taken: dict[str, list[tuple[str, int, str]]] = {}
    currencies = {row["schedule"]: row["currency"] for row in _rows(book, "line", "revRecSchedule")}
    for row in _rows(book, "line", "revRecSchedule.recurrence"):
        part = row["period"], minor(row["amount"], currencies[row["schedule"]]), row["journal"]
        taken.setdefault(row["schedule"], []).append(part)
    for row in _rows(book, "line", "revRecSchedule"):
        canon.deferrals.append(
            Deferral(
                "erp_cloud", correlation.subsidiaries.get(row["subsidiary"], row["subsidiary"]), row["currency"],
                row["transaction"], row["sourceLine"], minor(row["totalAmount"], row["currency"]),
                row["startDate"] or "", row["endDate"] or "", row["recurrenceType"] == "STRAIGHT_EVEN",
                tuple(taken.get(row["schedule"], ())),
            )
        )  # fmt: skip


def _voided(rows: list[Row], correlation: Correlation) -> set[str]:
    """Documents that were taken back, and what took them back, where one is settled by the other: neither counts."""
    by_key = {str(row.get("externalId") or ""): row for row in rows}
    found: set[str] = set()
    for prefix, of in (
        (correlation.bill_void_prefix, correlation.invoice_prefix),
        (correlation.credit_void_prefix, correlation.credit_prefix),
    ):
        for key, row in by_key.items():
            twin = by_key.get(f"{of}{key.removeprefix(prefix)}") if key.startswith(prefix) else None
            if twin is not None and twin["total"] == row["total"] and not (_rest(row) or _rest(twin)):
                found |= {row["id"], twin["id"]}
    return found


def _rest(row: Row) -> bool:
    return minor(row.get("amountRemaining" if row["object"] == "invoice" else "unapplied") or 0, row["currency"]) != 0


def _number(row: Row, prefix: str, bills: Mapping[str, Document]) -> str:
    """The bill that a document stands for: by its key, else by its document number, which a bill's posting shares."""
    external, number = str(row.get("externalId") or ""), str(row.get("tranId") or "")
    if external.startswith(prefix):
        return external.removeprefix(prefix)
    return number if number in bills else ""


def _cloud_document(
    row: Row, kind: DocumentKind, number: str, account_of: Any, lines: Mapping[str, int],
    codes: Mapping[str, Mapping[str, None]], correlation: Correlation,
) -> Document:  # fmt: skip
    currency = row["currency"]
    gross, tax = minor(row["total"], currency), minor(row.get("taxTotal") or 0, currency)
    still_open = minor(row.get("amountRemaining" if kind == "invoice" else "unapplied") or 0, currency)
    return Document(
        "erp_cloud", row["id"], number, kind,
        account_of(row.get("entityExternalId"), row.get("entity")),
        correlation.subsidiaries.get(row["subsidiary"], row["subsidiary"]), currency, gross - tax, tax, gross,
        still_open, row["tranDate"], row.get("dueDate") or "", row["status"], lines=lines.get(row["id"], 0),
        codes=tuple(codes.get(row["id"], ())), at=datetime.fromisoformat(row["createdDate"]).timestamp(),
        booked_in=begins if (begins := row.get("periodStart") or "")[:7] not in ("", row["tranDate"][:7]) else "",
        memo=row.get("memo") or "", po=row.get("otherRefNum") or "",
    )  # fmt: skip


def _cloud_receipt(row: Row, account_of: Any, applied: list[tuple[str, Any]], correlation: Correlation) -> Receipt:
    currency, external = row["currency"], str(row.get("externalId") or "")
    ours = external.startswith(correlation.payment_prefix)
    key = f"CB:{external.removeprefix(correlation.payment_prefix)}" if ours else f"NS-{row['id']}"
    amount = minor(row["total"], currency)
    return Receipt(
        "erp_cloud", row["id"], key, account_of(row.get("entityExternalId"), row.get("entity")),
        correlation.subsidiaries.get(row["subsidiary"], row["subsidiary"]), currency,
        amount if row["object"] == "customerPayment" else -amount,
        row["tranDate"], tuple((bill, minor(amount, currency)) for bill, amount in applied),
    )  # fmt: skip


# -- legacy ERP -------------------------------------------------------------------------------


def legacy(book: Book, canon: Canon, correlation: Correlation) -> None:
    """SAP-style books: a document is BUKRS/BELNR/GJAHR. A reversed invoice or credit memo and its reversal are both
    left out; a payment that was taken back and what took it back are two movements of money.
    """
    bills = {bill.key: bill for bill in canon.of("subscriptions")}
    every = _rows(book, "document", "BKPF")
    heads = [row for row in every if not row["STBLG"] and not row["ZREVERSAL"]]
    heads += [row for row in every if (row["STBLG"] or row["ZREVERSAL"]) and "ZPAYWRBTR" in row]
    owners = {row["KUNNR"]: bills[row["XBLNR"]].posted_to for row in heads if row["XBLNR"] in bills}
    _legacy_parties(book, canon, correlation, owners)
    taxes: dict[tuple[str, ...], int] = {}
    codes: dict[tuple[str, ...], dict[str, None]] = {}
    for row in _rows(book, "line", "BSET"):
        taxes[_place(row)] = taxes.get(_place(row), 0) + minor(row["FWSTE"], row["WAERS"])
        codes.setdefault(_place(row), {})[row["MWSKZ"]] = None
    lines: dict[tuple[str, ...], int] = {}
    for row in _rows(book, "line", "Z1SUBIT"):
        if row["KOART"] == "S":
            lines[_place(row)] = lines.get(_place(row), 0) + 1
    cleared: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for row in _rows(book, "allocation", "CLEARING"):
        place = (row["BUKRS"], row["ZCRBELNR"], row["ZCRGJAHR"])
        cleared.setdefault(place, []).append((row["XBLNR"], minor(row["WRBTR"], row["WAERS"])))
        if row["BLART"] == "DZ":  # money paid out is the debit of its clearing: it settles the credit memo
            out = (row["BUKRS"], row["BELNR"], row["GJAHR"])
            cleared.setdefault(out, []).append((row["ZCRXBLNR"], -minor(row["WRBTR"], row["WAERS"])))
    for row in heads:
        entity = correlation.company_codes.get(row["BUKRS"], row["BUKRS"])
        account = owners.get(row["KUNNR"], "")
        if row["BLART"] == "DR" and row["XBLNR"] in canon.taken_back:
            continue
        zone = ZoneInfo(correlation.zones.get(entity, "UTC"))
        if row["BLART"] in ("DR", "DG"):
            canon.documents.append(_legacy_document(row, entity, account, taxes, lines, codes, bills, zone))
        elif row["BLART"] == "AB" and row["REBZG"] and row["IFACE"] == "BILL":
            canon.cleared.append(_cleared(row, entity, every, zone))
        elif "ZPAYWRBTR" in row:
            canon.receipts.append(_legacy_receipt(row, entity, account, cleared.get(_place(row), [])))
    for row in _rows(book, "ledger", "BSEG"):
        amount, local = minor(row["WRBTR"], row["WAERS"]), minor(row["DMBTR"], row["HWAER"])
        sign = 1 if row["SHKZG"] == "S" else -1
        canon.ledger.append(
            LedgerLine(
                "erp_legacy", correlation.company_codes.get(row["BUKRS"], row["BUKRS"]), row["WAERS"],
                "/".join(_place(row)), row["HKONT"], row["KOART"] == "D", sign * amount,
                f"{row['GJAHR']}-{row['MONAT']}", sign * local,
            )
        )  # fmt: skip


def _place(row: Row) -> tuple[str, ...]:
    return row["BUKRS"], row["BELNR"], row["GJAHR"]


def _entered(row: Row, zone: ZoneInfo) -> float:
    return datetime.strptime(f"{row['CPUDT']}{row['CPUTM']}", "%Y%m%d%H%M%S").replace(tzinfo=zone).timestamp()


def _cleared(row: Row, entity: str, every: list[Row], zone: ZoneInfo) -> Cleared:
    original = next((one for one in every if (one["BUKRS"], one["BELNR"]) == (row["BUKRS"], row["REBZG"])
                     and one["KUNNR"] == row["KUNNR"]), None)  # fmt: skip
    of = row["REBZG"] if original is None else _key(original) if original["BLART"] == "DZ" else original["XBLNR"]
    sign = 1 if row["SHKZG"] == "H" else -1
    return Cleared(
        "erp_legacy",
        "/".join(_place(row)),
        of,
        entity,
        row["WAERS"],
        sign * minor(row["WRBTR"], row["WAERS"]),
        _entered(row, zone),
        -sign * minor(row["RESTBT"], row["WAERS"]),
    )


def _legacy_parties(book: Book, canon: Canon, correlation: Correlation, owners: Mapping[str, str]) -> None:
    """A customer number says nothing of the sales account; its documents do, else its name."""
    by_name = {account.name.casefold()[:35]: account.id for account in canon.accounts.values()}
    names = {row["KUNNR"]: row.get("NAME1") or "" for row in _rows(book, "party", "KNA1")}
    for row in _rows(book, "party", "KNB1"):
        name = names.get(row["KUNNR"], "")
        account = owners.get(row["KUNNR"]) or by_name.get(name.strip().casefold()[:35], "")
        entity = correlation.company_codes.get(row["BUKRS"], row["BUKRS"])
        canon.customers.append(Customer("erp_legacy", row["KUNNR"], account, entity, name))


def _legacy_document(
    row: Row, entity: str, account: str, taxes: Mapping[tuple[str, ...], int], lines: Mapping[tuple[str, ...], int],
    codes: Mapping[tuple[str, ...], Mapping[str, None]], bills: Mapping[str, Document], zone: ZoneInfo,
) -> Document:  # fmt: skip
    currency, place = row["WAERS"], _place(row)
    gross, tax = minor(row["WRBTR"], currency), taxes.get(place, 0)
    number = row["XBLNR"]
    known = number in bills or any(bill.startswith(number[:3]) for bill in bills)
    return Document(
        "erp_legacy", "/".join(place), number if known else "", "credit" if row["BLART"] == "DG" else "invoice",
        account, entity, currency, gross - tax, tax, gross, minor(row["RESTBT"], currency), _iso(row["BLDAT"]), "",
        "open" if minor(row["RESTBT"], currency) else "cleared", lines=lines.get(place, 0),
        codes=tuple(codes.get(place, ())), at=_entered(row, zone),
    )  # fmt: skip


def _legacy_receipt(row: Row, entity: str, account: str, applied: list[tuple[str, int]]) -> Receipt:
    currency = row["WAERS"]
    amount, discount = (minor(row[name] or 0, currency) for name in ("ZPAYWRBTR", "SKONTO"))
    taken_back = bool(row["STBLG"] or row["ZREVERSAL"])
    return Receipt(
        "erp_legacy", "/".join(_place(row)), _key(row), account, entity, currency, amount, _iso(row["BUDAT"]),
        () if taken_back else tuple(applied), 0 if taken_back else discount,
    )  # fmt: skip


def _key(row: Row) -> str:
    """A payment's key, by its birth."""
    ours = row["IFACE"] == "PAY" and row["SNDPRN"] == "SUBHUB" and row["ZSRCID"]
    return f"CB:{row['ZSRCID']}" if ours else f"L-{row['BUKRS']}-{row['GJAHR']}-{row['BELNR']}"


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}"
