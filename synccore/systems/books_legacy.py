"""The legacy ERP's answers and nightly extracts, as a book: what was posted, what is open, what was paid.

The channel tells a document's amount while it is open (ZOPENITM), and afterwards by what paid it (ZSUBPAY). A document
that was posted, is not open and was not paid in full has gone from the receivables in a way that no extract explains.
"""

from collections.abc import Iterable

from synccore.domain.books import Book, BookCustomer, BookDocument, BookReceipt, DocumentKind, Names, iso
from synccore.domain.extracts import Layout, OutboundFile, Unreadable, amount, read_answer, read_text

OPEN_ITEM: Layout = {
    "RECTYP": (0, 3), "BUKRS": (3, 4), "KUNNR": (7, 10), "BELNR": (17, 10), "GJAHR": (27, 4), "BUZEI": (31, 3),
    "BLART": (34, 2), "XBLNR": (36, 16), "BLDAT": (52, 8), "BUDAT": (60, 8), "ZFBDT": (68, 8), "WAERS": (76, 5),
    "WRBTR": (81, 16), "RESTBT": (97, 16), "ZSUBID": (113, 40),
}  # fmt: skip
OPEN_ITEM_LENGTH = 160
OPEN_ITEMS, PAYMENTS = "ZOPENITM_", "ZSUBPAY_"
Fields = dict[str, str]


def book(files: Iterable[OutboundFile], names: Names) -> Book:
    """The book as of the latest open-item list; files in any order, each once."""
    found = Book("erp_legacy")
    by_name = {file.name: file for file in files}
    lists = sorted(name for name in by_name if name.startswith(OPEN_ITEMS))
    if lists:
        found.as_of = iso_day(lists[-1][len(OPEN_ITEMS) : len(OPEN_ITEMS) + 8])
    answers = _answers(by_name, found)
    open_items = _open_items(by_name[lists[-1]], found) if lists else []
    payments = _payments(by_name, found, _on_account(open_items, answers, names, found), names)
    _customers(answers, names, found)
    _documents(answers, open_items, payments, names, found)
    return found


def iso_day(digits: str) -> str:
    """YYYYMMDD as a date, '' for an initial one."""
    return iso(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}") if digits.strip("0 ") else ""


def _answers(by_name: dict[str, OutboundFile], found: Book) -> dict[tuple[str, str], Fields]:
    """The latest word on each document: (interface, sender's document number or reference) -> DOC row."""
    latest: dict[tuple[str, str], Fields] = {}
    for name in sorted(by_name, key=_answer_order):
        if name.startswith((OPEN_ITEMS, PAYMENTS)):
            continue
        base = ""
        for row in read_answer(name, by_name[name].text):
            if isinstance(row, Unreadable):
                found.unread.append((name, row.reason))
            elif row["RECTYP"] in ("ACK", "REJ"):
                base = row["BASENAME"]
            elif row["RECTYP"] == "DOC":
                latest[base, row["EXTDOC"]] = row
    return latest


def _answer_order(name: str) -> tuple[str, str]:
    base, _, suffix = name.rpartition(".")
    return base, "A01" if suffix in ("ACK", "REJ") else suffix


def _on_account(
    open_items: list[Fields], answers: dict[tuple[str, str], Fields], names: Names, found: Book
) -> dict[str, int]:  # fmt: skip
    """What of each payment document is set against no bill at present, whatever its extract once said: what it has
    given to the other ledger is that too.
    """
    rest: dict[str, int] = {}
    for item in open_items:
        if item["BLART"] == "DZ":
            try:
                rest[_place(item, item["BELNR"])] = -amount(item["RESTBT"], item["WAERS"])
            except ValueError as error:
                found.unread.append((f"open item {item['BELNR']}", str(error)))
    for (base, _), row in answers.items():
        cash = names.keys.cash_of_transfer(row["XBLNR"], row["BUKRS"]) if base.startswith("BILL") else ""
        if cash and row["STATUS"] == "53":
            found.cleared.append(cash)
            place = names.keys.ledger_document(cash)
            rest[place] = rest.get(place, 0) + names.brought.get(place, 0)
    return rest


def _place(row: Fields, number: str) -> str:
    return f"{row['BUKRS']}-{row['GJAHR']}-{number}"


def _payments(
    by_name: dict[str, OutboundFile], found: Book, rest: dict[str, int], names: Names
) -> list[tuple[Fields, int]]:
    """All lines of the payment extracts with what each settles; the parts of one payment document are one receipt."""
    rows: list[tuple[Fields, int]] = []
    parts: dict[str, list[tuple[Fields, int, int]]] = {}
    for name in sorted(name for name in by_name if name.startswith(PAYMENTS)):
        for row in read_text(by_name[name].text, trailed=True):
            if isinstance(row, Unreadable):
                found.unread.append((name, row.reason))
                continue
            try:
                paid, discount = amount(row["WRBTR"], row["WAERS"]), amount(row["SKONTO"], row["WAERS"])
            except ValueError as error:
                found.unread.append((name, str(error)))
                continue
            if discount:
                found.discounts[row["XBLNR"]] = found.discounts.get(row["XBLNR"], 0) + discount
            document = row["BELNR"] or row["AUGBL"]
            place = _place(row, document)
            loose = max(0, min(paid, rest.get(place, 0)))
            rest[place] = rest.get(place, 0) - loose
            rows.append((row, paid + discount - loose))
            key = names.payments.get(place) or names.keys.receipt_of_legacy(row["BUKRS"], row["GJAHR"], document)
            parts.setdefault(key, []).append((row, paid, paid - loose))
    rows = _without_returned(rows, parts, names)
    for key, mine in parts.items():
        first = mine[0][0]
        applied = tuple((row["XBLNR"], set_) for row, _, set_ in mine if row["XBLNR"] and set_)
        found.receipts.append(
            BookReceipt(
                _place(first, first["BELNR"] or first["AUGBL"]), key,
                names.entity_of("company_code", first["BUKRS"]), first["WAERS"], sum(paid for _, paid, _ in mine),
                iso_day(first["AUGDT"]), applied, first["KUNNR"] in names.debtors,
            )
        )  # fmt: skip
    return rows


def _without_returned(
    rows: list[tuple[Fields, int]], parts: dict[str, list[tuple[Fields, int, int]]], names: Names
) -> list[tuple[Fields, int]]:
    """A payment that came back settles nothing any more, nor does what took it back: AUGBL names the payment."""
    gone: list[Fields] = []
    for back, paid in [(row, paid) for mine in parts.values() for row, paid, _ in mine if paid < 0]:
        for year in (back["GJAHR"], str(int(back["GJAHR"] or 0) - 1)):
            place = f"{back['BUKRS']}-{year}-{back['AUGBL']}"
            key = names.payments.get(place) or names.keys.receipt_of_legacy(back["BUKRS"], year, back["AUGBL"])
            taken = [row for row, worth, _ in parts.get(key, ()) if worth == -paid and row["XBLNR"] == back["XBLNR"]]
            if taken:
                gone += [taken[0], back]
                break
    for key, mine in parts.items():
        parts[key] = [(row, paid, 0 if any(row is one for one in gone) else set_) for row, paid, set_ in mine]
    return [(row, 0 if any(row is one for one in gone) else worth) for row, worth in rows]


def _open_items(file: OutboundFile, found: Book) -> list[Fields]:
    lines = [line for line in file.text.replace("\r\n", "\n").split("\n") if line.strip()]
    rows = [line for line in lines if line.startswith("OPI")]
    if not lines or lines[-1][:11] != f"TRL{len(rows):08d}" or len(rows) != len(lines) - 1:
        found.unread.append((file.name, f"the list is not whole: {len(rows)} items and '{lines[-1][:11]}'"))
    read = []
    for line in rows:
        if len(line) != OPEN_ITEM_LENGTH:
            found.unread.append((file.name, f"a line has {len(line)} characters instead of {OPEN_ITEM_LENGTH}"))
            continue
        read.append({name: line[start : start + length].strip() for name, (start, length) in OPEN_ITEM.items()})
    return read


def _customers(answers: dict[tuple[str, str], Fields], names: Names, found: Book) -> None:
    for (base, _), row in answers.items():
        if base.startswith("CUST") and row["STATUS"] == "53" and row["BELNR"] in names.debtors:
            key = names.debtors[row["BELNR"]]
            found.customers.append(
                BookCustomer(row["BELNR"], key, "", names.keys.entity_of(key), names.keys.account_of(key))
            )


def _documents(
    answers: dict[tuple[str, str], Fields], open_items: list[Fields], payments: list[tuple[Fields, int]], names: Names,
    found: Book,
) -> None:  # fmt: skip
    paid: dict[str, int] = {}
    for row, sum_ in payments:
        paid[row["XBLNR"]] = paid.get(row["XBLNR"], 0) + sum_
    last = {row["XBLNR"]: row for row, _ in payments}
    listed = set()
    for item in open_items:
        if item["BLART"] in ("DR", "DG"):
            listed.add(_place(item, item["BELNR"]))
            record = f"open item {item['BELNR']}"
            found.read(record, found.documents, _open_document, item, names)
    for (base, _), row in answers.items():
        if not base.startswith("BILL"):
            continue
        number, document = row["XBLNR"], _place(row, row["BELNR"])
        moved = names.keys.transfer_of(number)
        if names.keys.cash_of_transfer(number, row["BUKRS"]):
            continue
        if moved is not None:
            found.cleared += [moved[0]] if row["STATUS"] == "53" else []
            continue
        if row["STATUS"] != "53":
            found.queued[number] = " ".join(part for part in (row["STATUS"], row["STAMID"], row["TEXT"]) if part)
            continue
        if document in listed:
            continue
        found.settled[number] = document
        if paid.get(number):
            entity = names.entity_of("company_code", row["BUKRS"])
            kind: DocumentKind = "invoice" if paid[number] > 0 else "credit"  # a credit memo that was paid out
            found.documents.append(
                BookDocument(
                    document, number, kind, entity, last[number]["WAERS"], abs(paid[number]), 0, status="cleared"
                )
            )


def _open_document(item: Fields, names: Names) -> BookDocument:
    currency, key = item["WAERS"], names.debtors.get(item["KUNNR"], "")
    credit = item["BLART"] == "DG"
    gross, rest = amount(item["WRBTR"], currency), amount(item["RESTBT"], currency)
    return BookDocument(
        _place(item, item["BELNR"]), item["XBLNR"], "credit" if credit else "invoice",
        names.entity_of("company_code", item["BUKRS"]), currency, -gross if credit else gross,
        -rest if credit else rest, on=iso_day(item["BLDAT"]), status="open", account=names.keys.account_of(key) or None,
        customer=key,
    )  # fmt: skip
