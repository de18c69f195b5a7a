"""Payments in all books by where they were born: amount, applications, and the copies that sales sees."""

from dataclasses import dataclass, field

from synccore.domain.books import BookReceipt
from synccore.ports.reports import Code, Difference
from synccore.reconciliation.deals import sentence
from synccore.reconciliation.matching import LEDGERS, OPEN, RECEIVED, Matching
from synccore.reconciliation.words import SYSTEMS, finding


@dataclass
class Sum:
    """One receipt in one system, its parts put together."""

    system: str = ""
    entity: str = ""
    currency: str = ""
    amount: int = 0
    parts: int = 0
    ours: bool = False
    modified: float = 0.0
    applied: dict[str, int] = field(default_factory=dict)

    def add(self, receipt: BookReceipt, system: str) -> None:
        """One more part."""
        self.system, self.entity, self.currency = system, receipt.entity, receipt.currency
        self.amount, self.parts, self.ours = self.amount + receipt.amount, self.parts + 1, self.ours or receipt.ours
        self.modified = max(self.modified, receipt.modified)
        for bill, amount in receipt.applied:
            self.applied[bill] = self.applied.get(bill, 0) + amount


Sums = dict[str, Sum]


def match(matching: Matching) -> None:
    """Each receipt by its key; the origin decides what the others must say."""
    books = matching.books
    platform, sales, ledger = Sums(), Sums(), Sums()
    for receipt in books.platform.receipts:
        platform.setdefault(receipt.key, Sum()).add(receipt, "subscriptions")
    for receipt in books.salesforce.receipts:
        sales.setdefault(receipt.key.partition("/")[0], Sum()).add(receipt, "salesforce")
    for system, book in books.ledgers.items():
        for receipt in book.receipts:
            ledger.setdefault(receipt.key, Sum()).add(receipt, system)
    for key in sorted({*platform, *ledger, *sales}):
        matching.outcome.compared += 1
        _one(matching, key, platform.get(key), ledger.get(key), sales.get(key))


def _one(matching: Matching, key: str, platform: Sum | None, ledger: Sum | None, sales: Sum | None) -> None:
    born_here = not matching.names.keys.born_in_ledger(key)
    origin, copy = (platform, ledger) if born_here else (ledger, platform)
    if origin is None:
        if copy is None and sales is not None and not sales.amount:
            return  # taken back where it was born: sales keeps the record of it, worth nothing
        _orphan(matching, key, copy, sales, born_here)
        return
    place = (origin.entity, origin.currency)
    bills = {number: amount for number, amount in origin.applied.items() if number}
    expected = origin.amount
    if not born_here:
        if not (origin.ours or bills):
            matching.item("out of scope", key, place, {RECEIVED: -origin.amount}, "money of a customer not born here")
            return
        expected = _recorded(matching, key, origin, copy, bills)
    _copied(matching, key, origin, copy, expected, born_here)
    _shown(matching, key, origin, sales, bills, expected)


def _recorded(matching: Matching, key: str, origin: Sum, copy: Sum | None, bills: dict[str, int]) -> int:
    """What the platform must have of a ledger's receipt: what settles our bills, and what lies on account if it records
    that as the customer's excess payment; without that, the rest is named.
    """
    elsewhere = sum(amount for number, amount in origin.applied.items() if not number)
    if origin.amount < 0 or (copy is not None and copy.amount == origin.amount - elsewhere):
        if elsewhere:
            _unapplied(matching, key, origin, origin.amount - elsewhere)
        return origin.amount - elsewhere
    _unapplied(matching, key, origin, sum(bills.values()))
    return sum(bills.values())


def _unapplied(matching: Matching, key: str, origin: Sum, applied: int) -> None:
    """Cash that a ledger holds on account, or has set against documents that are not ours."""
    place, rest = (origin.entity, origin.currency), origin.amount - applied
    if not rest:
        return
    elsewhere = sum(amount for number, amount in origin.applied.items() if not number)
    if elsewhere:
        text = f"{key} pays {elsewhere} on documents that were not born here (minor units)"
        matching.item("out of scope", key, place, {RECEIVED: -elsewhere}, text)
    if rest - elsewhere:
        text = f"{rest - elsewhere} of {key} lies on account in {SYSTEMS[origin.system]} (minor units)"
        amounts = {RECEIVED: -(rest - elsewhere), OPEN: rest - elsewhere}
        matching.item("unapplied", key, place, amounts, text)


def _copied(matching: Matching, key: str, origin: Sum, copy: Sum | None, expected: int, born_here: bool) -> None:
    place = (origin.entity, origin.currency)
    target = next(iter(matching.names.ledgers(origin.entity)), "") if born_here else "subscriptions"
    sign = 1 if born_here else -1  # line: platform - items = ledger
    lacking = expected - (copy.amount if copy is not None else 0)
    keys = (key, *origin.applied)
    if copy is None:
        if expected and not matching.excused(keys, key, place, {RECEIVED: sign * expected}):
            deleted, cause = matching.gone(target, key, f"payment {key}")
            matching.add(finding("deleted" if deleted else "missing", target, "receipt", key, *place, expected, cause,
                                 matching.now))  # fmt: skip
        return
    if lacking:
        if matching.excused(keys, key, place, {RECEIVED: sign * lacking}):
            return
        double = copy.parts > max(1, len(origin.applied))
        code: Code = "duplicate" if double and lacking < 0 else "amount_differs"
        times = f", {copy.parts} times" if double else ""
        cause = f"payment {key} is worth {copy.amount}{times} in {SYSTEMS[copy.system]}, not {expected} (minor units)"
        fields: tuple[Difference, ...] = (Difference("amount", str(copy.amount), str(expected)),)
        found = finding(code, copy.system, "receipt", key, *place, lacking, cause, matching.now, fields)
        matching.add(found, copy.modified)
        return
    bills = {number: amount for number, amount in origin.applied.items() if number}
    theirs = {number: amount for number, amount in copy.applied.items() if number}
    used = sign * (sum(bills.values()) - sum(theirs.values()))  # what of it one side alone holds on account
    if _on_account(origin, bills, theirs):
        text = f"{key} settles in the platform what it lies on account for in {SYSTEMS[origin.system]}"
        matching.item("unapplied", key, place, {}, text)
    elif bills != theirs and not matching.excused(keys, key, place, {OPEN: used}):
        fields = tuple(
            Difference(f"applied to {number}", str(theirs.get(number, 0)), str(bills.get(number, 0)))
            for number in sorted({*bills, *theirs}) if bills.get(number, 0) != theirs.get(number, 0)
        )  # fmt: skip
        cause = f"payment {key} is applied differently in {SYSTEMS[copy.system]}: {sentence(fields)}"
        found = finding("allocation_differs", copy.system, "receipt", key, *place, 0, cause, matching.now, fields)
        matching.add(found, copy.modified)


def _on_account(origin: Sum, bills: dict[str, int], theirs: dict[str, int]) -> bool:
    """Has the platform set against bills what the legacy ledger, which no file can tell so, carries on account?"""
    more = {number: amount - bills.get(number, 0) for number, amount in theirs.items()}
    loose = origin.amount - sum(bills.values())
    less = any(amount > theirs.get(number, 0) for number, amount in bills.items())
    return origin.system == "erp_legacy" and not less and 0 < sum(more.values()) <= loose


def _shown(
    matching: Matching, key: str, origin: Sum, sales: Sum | None, bills: dict[str, int], expected: int
) -> None:  # fmt: skip
    place = (origin.entity, origin.currency)
    if not expected or (sales is not None and sales.amount == expected and sales.currency == origin.currency):
        return
    if matching.excused((key, *bills), key, place, {}):
        return
    if sales is None:
        deleted, cause = matching.gone("salesforce", key, f"the copy of payment {key}")
        matching.add(finding("deleted" if deleted else "missing", "salesforce", "receipt", key, *place, expected, cause,
                             matching.now))  # fmt: skip
        return
    fields = (Difference("amount", f"{sales.amount} {sales.currency}", f"{expected} {origin.currency}"),)
    cause = f"payment {key} in Salesforce: {sentence(fields)}"
    found = finding("amount_differs", "salesforce", "receipt", key, *place, expected - sales.amount, cause,
                    matching.now, fields)  # fmt: skip
    matching.add(found, sales.modified)


def _orphan(matching: Matching, key: str, copy: Sum | None, sales: Sum | None, born_here: bool) -> None:
    """A copy of a payment that is not where it was born."""
    one = copy or sales
    assert one is not None
    place = (one.entity, one.currency)
    birth = "subscriptions" if born_here else _birthplace(matching, key)
    sign = -1 if born_here else 1
    amounts = {RECEIVED: sign * one.amount} if copy is not None else {}
    if matching.excused((key, *one.applied), key, place, amounts):
        return
    deleted, cause = matching.gone(birth, key, f"payment {key}") if birth in matching.books.ledgers or born_here else (
        False, "")  # fmt: skip
    if deleted:
        matching.add(finding("deleted", birth, "receipt", key, *place, one.amount, cause, matching.now))
        return
    cause = f"payment {key} stands in {SYSTEMS[one.system]}, and {SYSTEMS[birth]}, where it would be born, has none"
    matching.add(finding("extra", one.system, "receipt", key, *place, -one.amount, cause, matching.now))


def _birthplace(matching: Matching, key: str) -> str:
    wanted = "erp_legacy" if key.startswith("L-") else "erp_cloud"
    return wanted if wanted in matching.books.ledgers else LEDGERS[0]
