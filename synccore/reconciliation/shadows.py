"""A dual run: what the ledger of tomorrow has for comparison against the bills, document by document. Pure.

Only what a document says when it is posted is compared: money is not doubled, so that what is open differs.
"""

from synccore.domain.books import BookDocument
from synccore.ports.reports import Code, Difference
from synccore.reconciliation.deals import sentence
from synccore.reconciliation.documents import differences, signed
from synccore.reconciliation.matching import Matching
from synccore.reconciliation.words import finding

SYSTEM = "erp_cloud"
_FIELDS = ("currency", "net", "tax", "gross", "on", "entity")


def match(matching: Matching) -> None:
    """Each bill and credit note of the dual run stands there once, as it was billed, and nothing else does."""
    book = matching.books.ledgers.get(SYSTEM)
    bills: dict[tuple[str, str], BookDocument] = {(bill.kind, bill.number): bill for bill in matching.books.bills()}
    found: dict[tuple[str, str], list[BookDocument]] = {}
    for one in book.shadows if book is not None else ():
        found.setdefault((one.kind, one.number), []).append(one)
    for key, bill in bills.items():
        origin = bills.get(("invoice", bill.of), bill)
        if matching.names.doubled(origin.entity, origin.on) or key in found:
            _compare(matching, bill, found.get(key, []))
    for key in found.keys() - bills.keys():
        for one in found[key]:
            _break(matching, "extra", one, f"the dual run has {one.kind} {one.number or one.id}, and the platform not")


def _compare(matching: Matching, bill: BookDocument, twins: list[BookDocument]) -> None:
    matching.outcome.compared += 1
    fields = differences(bill, twins[0], _FIELDS) if len(twins) == 1 else ()
    if len(twins) == 1 and not fields:
        return
    if matching.excused((f"{bill.number}/shadow",), f"{bill.number}/shadow", (bill.entity, bill.currency), {}):
        return
    if not twins:
        _break(matching, "missing", bill, f"{bill.kind} {bill.number} is missing in the dual run")
    elif len(twins) > 1:
        _break(matching, "duplicate", bill, f"{bill.number} stands {len(twins)} times in the dual run")
    else:
        amounts = {one.name for one in fields} & {"net", "tax", "gross"}
        code: Code = "amount_differs" if amounts else "field_differs"
        _break(matching, code, bill, f"{bill.number} in the dual run: {sentence(fields)}", fields)


def _break(matching: Matching, code: Code, one: BookDocument, cause: str, fields: tuple[Difference, ...] = ()) -> None:
    worth = signed(one, one.gross) if code in ("missing", "extra") else 0
    document, place = one.number or one.id, (one.entity, one.currency)
    matching.add(finding(code, SYSTEM, "shadow", document, *place, worth, cause, matching.now, fields))
