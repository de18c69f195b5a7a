"""I20: a run that was disturbed ends like the calm run of the same seed, in documents, amounts and links.

Names that systems give in the order of arrival (numbers of bills, ids) are not compared; what they link is: a document
by its account, its deal and what it bills, a payment by what it settles.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from harness.canon import Canon, Contract, Document, Receipt, Told

Row = tuple[object, ...]
SHOWN = 3


def likeness(canon: Canon) -> Counter[Row]:
    """What the books of all systems say, without the names that depend on what came first."""
    links = {document.key: _link(document) for document in canon.documents if document.system == "subscriptions"}
    rows: list[Row] = [_document(one, links) for one in canon.documents]
    rows += [
        _receipt(one, links) for one in canon.receipts if one.amount or one.discount
    ]  # else of a part that is gone
    rows += [_contract(one) for one in canon.contracts]
    rows += [_told(one) for one in canon.told]
    rows += [("customer", one.system, one.account, one.entity, one.name) for one in canon.customers]
    return Counter(rows)


def unlike(calm: Counter[Row], other: Counter[Row]) -> list[str]:
    """What one of the two runs has more than the other, as findings; [] when they ended alike."""
    lacking = [f"I20 only the calm run has {_words(row, count)}" for row, count in (calm - other).items()]
    more = [f"I20 the calm run has no {_words(row, count)}" for row, count in (other - calm).items()]
    return lacking[:SHOWN] + more[:SHOWN]


def _words(row: Row, count: int) -> str:
    words = " ".join(str(part) for part in row if part not in ("", None, 0, ()))
    return words if count == 1 else f"{words} ({count} times)"


def _link(bill: Document) -> Row:
    return bill.kind, bill.account, bill.deal, bill.starts, bill.gross, bill.milestone


def _links(applied: Iterable[tuple[str, int]], links: Mapping[str, Row]) -> Row:
    return tuple(sorted((str(links.get(number, number)), amount) for number, amount in applied))


def _document(one: Document, links: Mapping[str, Row]) -> Row:
    return (
        one.kind, one.system, one.account, one.entity, links.get(one.key, ()), one.currency, one.net, one.tax,
        one.gross, "open", one.open, one.date, one.due, one.status, one.deal, one.lines, one.codes, one.reason,
        one.metered, links.get(one.of, ()), _links(one.applied, links), one.booked_in, one.milestone,
    )  # fmt: skip


def _receipt(one: Receipt, links: Mapping[str, Row]) -> Row:
    return (
        "payment", one.system, one.account, one.entity, one.currency, one.amount, one.date, _links(one.applied, links),
        one.discount,
    )  # fmt: skip


def _contract(one: Contract) -> Row:
    return (
        "contract", one.system, one.deal, one.account, one.currency, one.start, one.end, one.status, one.value,
        one.entity, one.quantity, one.months, one.recurring, one.remaining, one.next_recurring, one.scheduled,
        one.renews, one.running, one.renewal,
    )  # fmt: skip


def _told(one: Told) -> Row:
    return "change", one.kind, one.origin, one.deal, one.quantity, one.on
