"""The tie-out: per entity and currency, book A - reconciling items = book B, and what remains is unexplained."""

from synccore.domain.books import BookDocument
from synccore.ports.reports import Line
from synccore.reconciliation.deals import first_bills, net_of
from synccore.reconciliation.documents import signed
from synccore.reconciliation.matching import OPEN, POSTED, RECEIVED, SHOWN, WON, Matching
from synccore.reconciliation.words import finding

Place = tuple[str, str]  # entity, currency


def draw(matching: Matching) -> None:
    """All lines of all entities and currencies; a sum that differs without any break is a break of its own."""
    for place in _places(matching):
        matching.outcome.lines += _lines(matching, place)
    broken = {(one.entity, one.currency) for one in matching.outcome.breaks}
    for line in matching.outcome.lines:
        if line.unexplained and (line.entity, line.currency) not in broken:
            cause = f"{line.name}: {line.unexplained} remains unexplained (minor units)"
            matching.add(finding("unexplained", "synccore", "record", line.name, line.entity, line.currency,
                                 line.unexplained, cause, matching.now))  # fmt: skip


def _places(matching: Matching) -> list[Place]:
    books = matching.books
    places = {(row.entity, row.currency) for row in books.salesforce.deals}
    places |= {(row.entity, row.currency) for row in books.bills()}
    for book in books.ledgers.values():
        places |= {(row.entity, row.currency) for row in book.documents}
        places |= {(row.entity, row.currency) for row in book.receipts}
        places |= {(row.entity, row.currency) for row in book.entries}
    return sorted(places)


def _lines(matching: Matching, place: Place) -> list[Line]:
    books = matching.books

    def of(rows: list[BookDocument]) -> list[BookDocument]:
        return [row for row in rows if (row.entity, row.currency) == place]

    deals = [one for one in books.salesforce.deals if (one.entity, one.currency) == place and not one.changes]
    firsts = first_bills(matching)
    bills, invoices = of(books.bills()), [bill for bill in of(books.bills()) if bill.kind == "invoice"]
    postings = [row for book in books.ledgers.values() for row in of(book.documents)]
    entries = sum(one.amount for book in books.ledgers.values() for one in book.entries
                  if (one.entity, one.currency) == place)  # fmt: skip
    shown = [one for one in of(books.salesforce.documents) if one.kind == "invoice"]
    cash = [one for book in books.ledgers.values() for one in book.receipts if (one.entity, one.currency) == place]
    ours = [one for one in books.platform.receipts if (one.entity, one.currency) == place]
    on_account, unused = (
        sum(one.amount - sum(amount for _, amount in one.applied) for one in rows if one.ours) for rows in (cash, ours)
    )
    rows = (
        (WON, "Salesforce, won net", sum(deal.net for deal in deals), "platform, billed net",
         sum(net_of(bill) for deal in deals for bill in firsts.get(deal.id, []))),
        (POSTED, "platform, billed gross", sum(signed(one, one.gross) for one in bills), "ledger, posted gross",
         sum(signed(one, one.gross) for one in postings)),
        (OPEN, "platform, open", sum(signed(one, one.open) for one in bills) - unused, "ledger, receivables",
         sum(signed(one, one.open) for one in postings) + entries - on_account),
        (RECEIVED, "platform, received",
         sum(one.amount for one in ours), "ledger, received",
         sum(one.amount for one in cash)),
        (SHOWN, "platform, open invoices", sum(one.open for one in invoices), "Salesforce, open",
         sum(one.open for one in shown)),
    )  # fmt: skip
    return [
        Line(name, *place, a_name, a, b_name, b, _items(matching, name, place)) for name, a_name, a, b_name, b in rows
    ]


def _items(matching: Matching, line: str, place: Place) -> int:
    return sum(one.amount for one in matching.outcome.items if one.line == line
               and (one.entity, one.currency) == place)  # fmt: skip
