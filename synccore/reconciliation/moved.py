"""Open items that went from one ledger to the other: what the old one cleared the new one carries, once, untaxed. Pure.

From here on the bill's posting in the old ledger is open with what the new one carries of it, so that everything else
compares them as one; what both still carry, or neither, is found by itself.
"""

from dataclasses import replace

from synccore.domain.books import Book, BookDocument
from synccore.ports.reports import Code
from synccore.reconciliation.documents import signed
from synccore.reconciliation.matching import Matching
from synccore.reconciliation.words import finding

OLD, NEW = "erp_legacy", "erp_cloud"


def match(matching: Matching) -> None:
    """Carry each moved item over to its bill's posting."""
    old, new = matching.books.ledgers.get(OLD), matching.books.ledgers.get(NEW)
    if old is None or new is None or not (new.moved or new.brought or old.cleared):
        return
    _bring_cash(matching, old, new)
    bills = {bill.number: bill for bill in matching.books.bills()}
    voided = {bill.number: bill for bill in matching.books.platform.documents if bill.status == "voided"}
    items: dict[str, list[BookDocument]] = {}
    for one in new.moved:
        items.setdefault(one.number, []).append(one)
    for number, mine in items.items():
        matching.outcome.compared += 1
        bill, place = bills.get(number), (mine[0].entity, mine[0].currency)
        if number in voided and not any(one.open for one in mine):
            continue  # taken back in the ledger that carried it by then
        under_way = matching.reasons.of((number, f"bill:{number}")) is not None
        if number in voided and len(mine) == 1 and under_way:  # it will be: the comparison of postings names it
            _carry(old, voided[number], mine[0].open)
            continue
        if bill is None or len(mine) > 1:
            code: Code = "extra" if bill is None else "duplicate"
            cause = f"the open item of {number} was moved {len(mine)} times, of {int(bill is not None)} bills"
            worth = -sum(signed(one, one.open) for one in mine[bill is not None :])
            matching.add(finding(code, NEW, mine[0].kind, number, *place, worth, cause, matching.now))
        if bill is None:
            continue
        if mine[0].tax:
            cause = f"the open item of {number} carries tax in the new ledger, which the old one has declared"
            matching.add(finding("amount_differs", NEW, bill.kind, number, *place, -mine[0].tax, cause, matching.now))
        if number not in old.cleared and not under_way:
            cause = f"the open item of {number} stands in the new ledger, and the old one has not given it away"
            worth = -signed(bill, mine[0].open)
            matching.add(finding("extra", NEW, bill.kind, number, *place, worth, cause, matching.now))
        _carry(old, bill, mine[0].open)
    for number in dict.fromkeys(old.cleared):
        if number not in items and number in bills:
            _carry(old, bills[number], 0)  # cleared there and not yet carried here: open nowhere


def _bring_cash(matching: Matching, old: Book, new: Book) -> None:
    """What a payment's cash settles where it went to, it settles: the payment stays in the ledger that received it."""
    places = {one.key: index for index, one in enumerate(old.receipts)}
    seen: set[str] = set()
    for cash in new.brought:
        matching.outcome.compared += 1
        place, index = (cash.entity, cash.currency), places.get(cash.key)
        given = cash.key in old.cleared or matching.reasons.of((cash.key,)) is not None
        double = cash.key in seen
        if double or index is None or not given:
            code: Code = "duplicate" if double else "extra"
            cause = f"cash of {cash.key} stands in the new ledger, and the old one has not given it away, or not again"
            matching.add(finding(code, NEW, "receipt", cash.key, *place, -cash.amount, cause, matching.now))
        seen.add(cash.key)
        if index is not None and not double:
            one = old.receipts[index]
            old.receipts[index] = replace(one, applied=(*one.applied, *cash.applied))
    for key in (key for key in dict.fromkeys(old.cleared) if key in places and key not in seen):
        lost, keys = old.receipts[places[key]], matching.names.keys
        worth = matching.names.brought.get(keys.ledger_document(key), 0)
        cause = f"the old ledger has given cash of {key} away, and it does not stand in the new one"
        matching.add(finding("missing", NEW, "receipt", key, lost.entity, lost.currency, worth, cause, matching.now))


def _carry(old: Book, bill: BookDocument, carried: int) -> None:
    """`carried`: what the new ledger has open of it."""
    settled = old.settled.pop(bill.number, None)
    for index, one in enumerate(old.documents):
        if (one.kind, one.number) == (bill.kind, bill.number):
            gross = bill.gross if settled is not None else one.gross  # a settled one is known by what paid it alone
            old.documents[index] = replace(one, gross=gross, open=one.open + carried)
            return
    if settled is not None:
        old.documents.append(
            BookDocument(settled, bill.number, bill.kind, bill.entity, bill.currency, bill.gross, carried)
        )
