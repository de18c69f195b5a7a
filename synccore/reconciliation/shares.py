"""What each contract has of a bill or credit note of several, in the platform and as sales is shown it. Pure."""

from collections.abc import Iterable

from synccore.domain.books import BookDocument, BookShare
from synccore.ports.reports import Code, Difference
from synccore.reconciliation.matching import Matching
from synccore.reconciliation.words import finding

Key = tuple[str, str]  # kind and number of a document
KINDS = {"invoice": "share", "credit": "credit-share"}  # of a break
_WORDS = {"invoice": "bill", "credit": "credit note"}


def match(matching: Matching) -> None:
    """Each bill and note of several contracts that sales knows: exactly their shares, to the minor unit.

    What has no copy in sales is told as that; a share of what the platform does not have stands for nothing.
    """
    sales, platform = matching.books.salesforce, matching.books.platform
    known = {one.key for one in sales.contracts}
    copies = {(one.kind, one.number) for one in sales.documents}
    wanted = _by_document(one for one in platform.shares if one.contract in known)
    shown = _by_document(sales.shares)
    for bill in matching.books.bills():
        key = bill.kind, bill.number
        should, there = wanted.get(key, {}), shown.pop(key, {})
        if (should or there) and key in copies:
            matching.outcome.compared += 1
            _compare(matching, bill, should, there)
    for one in platform.documents:
        shown.pop((one.kind, one.number), None)  # voided: what it was stays to be seen
    for (kind, number), shares in shown.items():
        if (kind, number) in copies:
            continue
        rows = [row for held in shares.values() for row in held]
        cause = f"sales is shown what contracts have of {_WORDS[kind]} {number or '(none)'}, which the platform lacks"
        worth = -sum(row.net + row.tax for row in rows)
        matching.add(finding("extra", "salesforce", KINDS[kind], number or rows[0].id, "", rows[0].currency, worth,
                             cause, matching.now))  # fmt: skip


def _compare(
    matching: Matching, bill: BookDocument, should: dict[str, list[BookShare]], there: dict[str, list[BookShare]]
) -> None:
    fields = []
    for contract in dict.fromkeys((*should, *there)):
        is_, ought = _text(there.get(contract)), _text(should.get(contract))
        if is_ != ought:
            fields.append(Difference(contract, is_, ought))
    place = bill.entity, bill.currency
    keys = (bill.number, f"{'bill' if bill.kind == 'invoice' else 'credit'}:{bill.number}")
    if not fields or matching.excused(keys, bill.number, place, {}):
        return
    lacking = [contract for contract in should if contract not in there]
    gone = all(f"{bill.number}/{contract}" in matching.books.salesforce.deleted for contract in lacking)
    code: Code = "amount_differs" if set(there) <= set(should) else "extra"
    if lacking:
        code = "deleted" if gone else "missing"
    words = "; ".join(f"{one.name} has {one.expected}, shown is {one.found}" for one in fields)
    cause = f"what the contracts have of {_WORDS[bill.kind]} {bill.number}: {words} (net + tax, minor units)"
    found = finding(code, "salesforce", KINDS[bill.kind], bill.number, *place, _sum(should) - _sum(there), cause,
                    matching.now, tuple(fields))  # fmt: skip
    matching.add(found, max((row.modified for rows in there.values() for row in rows), default=0.0))


def _text(rows: list[BookShare] | None) -> str:
    return f"{sum(row.net for row in rows)} + {sum(row.tax for row in rows)}" if rows else "nothing"


def _sum(shares: dict[str, list[BookShare]]) -> int:
    return sum(row.net + row.tax for rows in shares.values() for row in rows)


def _by_document(shares: Iterable[BookShare]) -> dict[Key, dict[str, list[BookShare]]]:
    found: dict[Key, dict[str, list[BookShare]]] = {}
    for one in shares:
        found.setdefault((one.kind, one.number), {}).setdefault(one.contract, []).append(one)
    return found
