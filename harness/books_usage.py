"""Rows of usage, read into the vocabulary of `canon`: the metering's events, the platform's usages and rated lines."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from harness.canon import Canon, Correlation
from harness.usage_canon import CreditedUsage, MeteredLine, RecordedUsage, UsageEvent

Row = Mapping[str, Any]
Book = Mapping[str, Any]


def metering(book: Book, canon: Canon, correlation: Correlation) -> None:
    """Usage events; of those that correct each other the one that was recorded last holds."""
    del correlation
    rows = [row for row in book.get("line", ()) if row.get("object") == "usage_event"]
    corrects = {row["id"]: row.get("corrects") or "" for row in rows}

    def root(key: str) -> str:
        seen: set[str] = set()
        while corrects.get(key) and key not in seen:
            seen.add(key)
            key = corrects[key]
        return key

    latest = {root(row["id"]): row["id"] for row in rows}
    for row in rows:
        first = root(row["id"])
        canon.usage.append(
            UsageEvent(
                row["id"], row.get("subscription") or "", row.get("meter") or "", _quantity(row.get("quantity")),
                _instant(row.get("time")), first, latest[first] == row["id"],
            )
        )  # fmt: skip


def _quantity(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def _instant(text: Any) -> int:
    try:
        return int(datetime.fromisoformat(str(text)).timestamp())
    except ValueError:
        return 0


def platform(book: Book, canon: Canon, correlation: Correlation) -> None:
    """Usages with what will become of them, and the metered lines of bills."""
    pending = _pending_terms(book)
    tiers = _tiers(book)
    canon.credited_usage += _credited(book, correlation)
    running = {
        (row["id"], item["item_price_id"]): int(item["current_term_start"])
        for row in book.get("contract", ()) if row.get("object") == "subscription"
        and row["status"] in ("active", "non_renewing")
        for item in row.get("subscription_items") or () if "metered_quantity" in item and "current_term_start" in item
    }  # fmt: skip
    for row in book.get("line", ()):
        if row.get("object") == "usage":
            at, place = int(row["usage_date"]), (row["subscription_id"], row["item_price_id"])
            waits = at >= running.get(place, at + 1) or any(
                starts <= at <= ends for starts, ends in pending.get(place, ())
            )
            note = str(row.get("note") or "")
            event = note.removeprefix(correlation.usage_note) if note.startswith(correlation.usage_note) else row["id"]
            canon.recorded.append(
                RecordedUsage(
                    row["id"], event, *place, Decimal(str(row["quantity"])), at, row.get("invoice_id") or "",
                    row.get("line_item_id") or "", waits,
                )
            )  # fmt: skip
        elif row.get("metered") and "invoice_id" in row and row.get("document_status") not in ("pending", "voided"):
            canon.metered.append(_line(row, tiers))


def _pending_terms(book: Book) -> dict[tuple[str, str], list[tuple[int, int]]]:
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in book.get("line", ()):
        if row.get("metered") and row.get("document_status") == "pending":
            place = (row["subscription_id"], row["entity_id"])
            found.setdefault(place, []).append((int(row["date_from"]), int(row["date_to"])))
    return found


def _line(row: Row, tiers: Mapping[str, list[Row]]) -> MeteredLine:
    quantity = Decimal(str(row.get("quantity_in_decimal") or row["quantity"]))
    steps = tuple((Decimal(str(one["quantity_used"])), int(one["unit_amount"])) for one in tiers.get(row["id"], ()))
    return MeteredLine(
        row["id"], row["invoice_id"], row["subscription_id"], row["entity_id"], quantity, int(row["amount"]),
        steps or ((quantity, int(row["unit_amount"])),),
    )  # fmt: skip


def _tiers(book: Book) -> dict[str, list[Row]]:
    """By line, from the first unit on."""
    found: dict[str, list[Row]] = {}
    for row in book.get("document", ()):
        for tier in row.get("line_item_tiers") or ():
            found.setdefault(tier["line_item_id"], []).append(tier)
    return {line: sorted(tiers, key=lambda one: int(one["starting_unit"])) for line, tiers in found.items()}


def _credited(book: Book, correlation: Correlation) -> list[CreditedUsage]:
    """Lines of credit notes that say which event they are for."""
    found = []
    for row in book.get("document", ()):
        text = str(row.get("customer_notes") or "")
        if row.get("object") != "credit_note" or row["status"] == "voided":
            continue
        if text.startswith(correlation.usage_note):
            event = text.removeprefix(correlation.usage_note).partition(" corrects ")[0]
            found += [
                CreditedUsage(row["id"], event, line["reference_line_item_id"], int(line["amount"]))
                for line in row["line_items"]
            ]
    return found


def usage_only(lines: Iterable[Row]) -> frozenset[str]:
    """Bills all of whose lines are metered: they are no part of what a deal was won for."""
    kinds: dict[str, set[bool]] = {}
    for row in lines:
        kinds.setdefault(row.get("invoice_id") or "", set()).add(bool(row.get("metered")))
    return frozenset(bill for bill, found in kinds.items() if found == {True})
