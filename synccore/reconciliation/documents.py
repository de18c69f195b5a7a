"""Bills against their postings in the ledgers and their copies in Salesforce, field by field and to the minor unit."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from synccore.domain.books import Book, BookDocument
from synccore.ports.reports import Code, Difference
from synccore.reconciliation.deals import sentence
from synccore.reconciliation.matching import LEDGERS, NOT_ISSUED, OPEN, POSTED, SHOWN, Matching
from synccore.reconciliation.words import SYSTEMS, finding

Sums = dict[str, dict[str, int]]  # bill -> receipt key -> minor units
STATUS = {
    "pending": "Pending", "posted": "Open", "payment_due": "Due", "not_paid": "Not Paid", "paid": "Paid",
    "voided": "Voided",
}  # fmt: skip
_AMOUNTS = ("net", "tax", "gross")
_POSTED = ("currency", *_AMOUNTS, "on", "due", "entity", "account")
_COPIED = ("currency", *_AMOUNTS, "open", "on", "due", "account", "status")


@dataclass
class Applications:
    """What was applied to each bill, by receipt, in the platform and in the ledgers."""

    platform: Sums = field(default_factory=lambda: defaultdict(dict))
    ledger: Sums = field(default_factory=lambda: defaultdict(dict))
    loose: dict[str, int] = field(default_factory=dict)  # receipt key -> what a ledger holds of it on account
    modified: dict[str, float] = field(default_factory=dict)  # bill -> latest change of a ledger's receipt for it

    @classmethod
    def of(cls, matching: Matching) -> "Applications":
        """From all books."""
        found = cls()
        books = matching.books
        for receipt in books.platform.receipts:
            for bill, amount in receipt.applied:
                found.platform[bill][receipt.key] = found.platform[bill].get(receipt.key, 0) + amount
        for receipt in (one for book in books.ledgers.values() for one in book.receipts):
            on_account = receipt.amount - sum(amount for _, amount in receipt.applied)
            found.loose[receipt.key] = found.loose.get(receipt.key, 0) + on_account
            for bill, amount in receipt.applied:
                found.ledger[bill][receipt.key] = found.ledger[bill].get(receipt.key, 0) + amount
                found.modified[bill] = max(found.modified.get(bill, 0.0), receipt.modified)
        return found

    def keys(self, bill: str) -> list[str]:
        """Receipts applied to a bill anywhere: work on them explains a difference in what is open."""
        return list(dict.fromkeys((*self.platform.get(bill, ()), *self.ledger.get(bill, ()))))

    def lacking(self, bill: str) -> int:
        """How much more the ledger has applied to a bill than the platform has."""
        return sum(self.ledger.get(bill, {}).values()) - sum(self.platform.get(bill, {}).values())

    def on_account(self, bill: str) -> int:
        """How much of that is there, on account: the sums of both books agree on it without an item."""
        there = self.ledger.get(bill, {})
        return sum(
            min(max(0, amount - there.get(key, 0)), max(0, self.loose.get(key, 0)))
            for key, amount in self.platform.get(bill, {}).items()
        )


def match(matching: Matching) -> None:
    """Bills with postings, bills with copies, and what has no bill."""
    applications = Applications.of(matching)
    for book in matching.books.ledgers.values():
        _complete(book, matching.books.bills(), applications)
    _Documents(matching, applications).run()


def _complete(book: Book, bills: list[BookDocument], applications: Applications) -> None:
    """A ledger known by its extracts tells a settled document's amount by what paid it, and no credits: what the
    platform settled by other than payments is added, so that a bill that was credited is not taken for a short one.
    """
    known = {(one.kind, one.number): index for index, one in enumerate(book.documents)}
    for bill in bills:
        document = book.settled.get(bill.number)
        moved = sum(applications.platform.get(bill.number, {}).values())
        otherwise = bill.gross - bill.open - (moved if bill.kind == "invoice" else -moved)
        otherwise -= book.discounts.get(bill.number, 0)  # told with the payment, and counted with it
        if document is None or otherwise <= 0:
            continue
        index = known.get((bill.kind, bill.number))
        if index is not None:
            one = book.documents[index]
            book.documents[index] = replace(one, gross=one.gross + otherwise)
        elif otherwise == bill.gross:
            book.documents.append(
                BookDocument(document, bill.number, bill.kind, bill.entity, bill.currency, bill.gross, 0)
            )
    _set_against_own_bill(book, bills)


def _set_against_own_bill(book: Book, bills: list[BookDocument]) -> None:
    """A credit that the platform has not used yet is settled where its own bill is still open: the platform has settled
    that by another credit, which the ledger carries on account.
    """
    due = {bill.number: bill.open for bill in bills if bill.kind == "invoice"}
    there = {(one.kind, one.number): one for one in book.documents}
    for bill in bills:
        document, own = book.settled.get(bill.number), there.get(("invoice", bill.of))
        if bill.kind != "credit" or document is None or (bill.kind, bill.number) in there or own is None:
            continue
        if bill.open == bill.gross and own.open > due.get(bill.of, own.open):
            book.documents.append(
                BookDocument(document, bill.number, bill.kind, bill.entity, bill.currency, bill.gross, 0)
            )


class _Documents:
    def __init__(self, matching: Matching, applications: Applications) -> None:
        self.matching, self.applications = matching, applications
        self.bills: dict[tuple[str, str], BookDocument] = {
            (bill.kind, bill.number): bill for bill in matching.books.platform.documents
        }
        self.postings: dict[str, dict[tuple[str, str], list[BookDocument]]] = {
            system: _by_number(book.documents) for system, book in matching.books.ledgers.items()
        }
        self.copies = _by_number(matching.books.salesforce.documents)
        self.accounts = {one.account or one.id for one in matching.books.salesforce.customers}
        self.on_account = self._on_account()
        self.unposted: dict[str, list[str]] = {}
        for one in matching.books.bills():
            if one.kind == "credit" and not any((one.kind, one.number) in rows for rows in self.postings.values()):
                self.unposted.setdefault(one.of, []).append(one.number)

    def _on_account(self) -> dict[str, int]:
        """Credit that the platform has set against another bill than its own, while the ledger knows only the document
        that was credited, settles that as far as it is open there, and carries the rest on account: by number, what is
        more open there (or less, negative). What is on account for another reason is a break.
        """
        found: dict[str, int] = {}
        waiting: list[tuple[BookDocument, int, int]] = []
        beyond: dict[str, int] = {}
        for bill in self.matching.books.bills():
            there = self._open_there(bill)
            if bill.kind != "credit" or there is None:
                continue
            extra = there - bill.open
            on_own = sum(amount for _, amount in bill.elsewhere) - extra  # there, and not in the platform
            waiting.append((bill, extra, on_own))
            beyond[bill.of] = beyond.get(bill.of, 0) + max(0, on_own)
        before = -1
        while before != len(waiting):
            before, left = len(waiting), []
            for bill, extra, on_own in waiting:
                # where the bill was settled by other credit: in the ledger, or in the platform
                if not -beyond[bill.of] <= on_own <= max(0, -found.get(bill.of, 0)):
                    left.append((bill, extra, on_own))
                    continue
                found[bill.number] = extra
                for number, amount in bill.elsewhere:
                    found[number] = found.get(number, 0) - amount
                found[bill.of] = found.get(bill.of, 0) + on_own
            waiting = left
        return {number: amount for number, amount in found.items() if amount}

    def _open_there(self, bill: BookDocument) -> int | None:
        """What the ledger has open of it; None where it is not in the ledger."""
        twins = self.postings.get(self.matching.names.ledger(bill), {}).get((bill.kind, bill.number), [])
        return sum(twin.open for twin in twins) if twins else None

    def run(self) -> None:
        for bill in self.matching.books.bills():
            self.matching.outcome.compared += 1
            self._posting(bill)
            self._copy(bill)
        for system, postings in self.postings.items():
            for key, mine in postings.items():
                self._without_bill(system, key, mine)
        for key, mine in self.copies.items():
            self._without_bill("salesforce", key, mine)
        self._entries()

    # -- bill against posting ---------------------------------------------------------------

    def _posting(self, bill: BookDocument) -> None:
        matching, place = self.matching, (bill.entity, bill.currency)
        owner = matching.names.ledger(bill)
        if owner not in self.postings:
            cause = f"{bill.number} belongs to entity {bill.entity or '(none)'}, whose ledger is not known"
            matching.add(
                finding("missing", "synccore", bill.kind, bill.number, *place, bill.gross, cause, matching.now)
            )
            return
        twins = self.postings[owner].get((bill.kind, bill.number), [])
        if not twins:
            self._absent(bill, owner)
        elif len(twins) > 1:
            more = -signed(bill, sum(twin.gross for twin in twins) - bill.gross)
            cause = f"{bill.number} stands {len(twins)} times in {SYSTEMS[owner]}: {', '.join(one.id for one in twins)}"
            matching.add(finding("duplicate", owner, bill.kind, bill.number, *place, more, cause, matching.now))
        else:
            self._compare_posting(bill, twins[0], owner)

    def _absent(self, bill: BookDocument, owner: str) -> None:
        matching, place = self.matching, (bill.entity, bill.currency)
        amounts = {POSTED: signed(bill, bill.gross), OPEN: signed(bill, bill.open)}
        key = (bill.kind, bill.number)
        others = [one for one in LEDGERS if one != owner and key in self.postings.get(one, {})]
        if others:
            text = f"posted in {SYSTEMS[others[0]]}, which carries its open item"
            matching.item("in the other ledger", bill.number, place, amounts, text)
            return
        book = matching.books.of(owner)
        if bill.kind == "credit" and book.discounts.get(bill.of) == bill.gross:
            text = f"in {SYSTEMS[owner]} part of the payment of {bill.of}, as its discount"
            matching.item("out of scope", bill.number, place, amounts, text)
            return
        settled = book.settled.get(bill.number)
        reason = matching.reasons.of((bill.number, f"bill:{bill.number}"))
        if bill.number in book.queued:
            why = f" ({reason.text})" if reason is not None else ""
            text = f"in the correction queue of {SYSTEMS[owner]}: {book.queued[bill.number]}{why}"
            matching.item("provisional", bill.number, place, amounts, text, reason)
            return
        if settled is not None:
            cause = (f"{bill.number} was posted in {SYSTEMS[owner]} as {settled}, and is neither open nor paid there: "
                     "reversed, or cleared by hand")  # fmt: skip
            matching.add(finding("reversed", owner, bill.kind, bill.number, *place, signed(bill, bill.gross), cause,
                                 matching.now))  # fmt: skip
            return
        if matching.excused((bill.number, f"bill:{bill.number}", bill.customer), bill.number, place, amounts):
            return
        deleted, cause = matching.gone(owner, bill.number, f"{bill.kind} {bill.number}")
        matching.add(finding("deleted" if deleted else "missing", owner, bill.kind, bill.number, *place,
                             signed(bill, bill.gross), cause, matching.now))  # fmt: skip

    def _compare_posting(self, bill: BookDocument, twin: BookDocument, owner: str) -> None:
        matching, place = self.matching, (bill.entity, bill.currency)
        names = tuple(name for name in _POSTED if name != "due" or bill.kind == "invoice")  # a credit falls due never
        if bill.given_up and not twin.tax and twin.net == bill.gross:
            names = tuple(name for name in names if name not in ("net", "tax"))
        issued = matching.names.issued
        whose = issued.get(bill.number) or issued.get(bill.of) or bill.account  # a ledger moves no document
        fields = differences(replace(bill, account=whose), twin, names)
        gross = signed(bill, bill.gross - twin.gross)
        if fields:
            code: Code = "amount_differs" if any(one.name in _AMOUNTS for one in fields) else "field_differs"
            cause = f"{bill.number} in {SYSTEMS[owner]}: {sentence(fields)}"
            found = finding(code, owner, bill.kind, bill.number, *place, gross, cause, matching.now, fields)
            touched = self.applications.modified.get(bill.number, 0.0) >= twin.modified
            matching.add(found, 0.0 if touched else twin.modified)
        rest = signed(bill, bill.open - twin.open) - gross
        lacking = self.applications.lacking(bill.number) if bill.kind == "invoice" else 0
        missing = lacking + (self.applications.on_account(bill.number) if lacking < 0 else 0)
        if missing:  # the receipts are compared by themselves; here they only explain
            matching.excused(self._keys(bill), bill.number, place, {OPEN: missing})
        if rest != lacking and rest == self.on_account.get(bill.number):
            text = "credit that the platform has used for another bill stands on account in the ledger"
            matching.item("unapplied", bill.number, place, {OPEN: rest}, text)
        elif rest != lacking:
            keys = self._keys(bill)
            if matching.excused(keys, bill.number, place, {OPEN: rest - lacking}):
                return
            fields = (Difference("open", str(twin.open), str(bill.open)),)
            cause = f"{bill.number}: {twin.open} is open in {SYSTEMS[owner]}, {bill.open} in the platform (minor units)"
            matching.add(finding("allocation_differs", owner, bill.kind, bill.number, *place, rest - lacking, cause,
                                 matching.now, fields))  # fmt: skip

    def _keys(self, bill: BookDocument) -> list[str]:
        """Work on it, on what pays it, and on what credits it and is in no ledger yet."""
        waiting = self.unposted.get(bill.number, ())
        return [bill.number, f"bill:{bill.number}", *self.applications.keys(bill.number), *waiting]

    # -- bill against its copy in sales -----------------------------------------------------

    def _copy(self, bill: BookDocument) -> None:
        matching, place = self.matching, (bill.entity, bill.currency)
        twins = self.copies.get((bill.kind, bill.number), [])
        keys = [*self._keys(bill), bill.deal]
        if not twins:
            if not matching.excused(keys, bill.number, place, _shown(bill, bill.open)):
                deleted, cause = matching.gone("salesforce", bill.number, f"the copy of {bill.number}")
                matching.add(finding("deleted" if deleted else "missing", "salesforce", bill.kind, bill.number, *place,
                                     signed(bill, bill.open), cause, matching.now))  # fmt: skip
            return
        twin = twins[0]
        merged = bill.account not in self.accounts and twin.account in self.accounts  # sales sees it at the survivor
        fields = differences(replace(bill, status=_status(bill)), twin,
                             tuple(name for name in _COPIED if not merged or name != "account"))  # fmt: skip
        if not fields or matching.excused(keys, bill.number, place, _shown(bill, bill.open - twin.open)):
            return
        names = {one.name for one in fields}
        code: Code = "status_stale" if names <= {"open", "status"} else "field_differs"
        code = "amount_differs" if names & set(_AMOUNTS) else code
        cause = f"{bill.number} in Salesforce: {sentence(fields)}"
        found = finding(code, "salesforce", bill.kind, bill.number, *place, signed(bill, bill.open - twin.open), cause,
                        matching.now, fields)  # fmt: skip
        matching.add(found, twin.modified)

    # -- what has no bill -------------------------------------------------------------------

    def _without_bill(self, system: str, key: tuple[str, str], mine: list[BookDocument]) -> None:
        matching, (kind, number) = self.matching, key
        bill = self.bills.get(key)
        if bill is not None and bill.status not in NOT_ISSUED:
            if system in LEDGERS and system != matching.names.ledger(bill):
                self._elsewhere(system, bill, mine)
            return
        for one in mine:
            place = (one.entity, one.currency)
            gross, still_open = signed(one, one.gross), signed(one, one.open)
            ours = bool(number) or bool(one.customer)
            if system in LEDGERS and not ours:
                text = f"{one.id} in {SYSTEMS[system]} was not born here"
                matching.item("out of scope", one.id, place, {POSTED: -gross, OPEN: -still_open}, text)
                continue
            name = number or one.id
            worth = _shown(one, -one.open) if system == "salesforce" else {POSTED: -gross, OPEN: -still_open}
            if matching.excused((name, f"bill:{name}"), name, place, worth):
                continue
            if bill is not None:
                cause = f"{name} is {bill.status} in the platform and still stands in {SYSTEMS[system]}"
                code: Code = "status_stale" if system == "salesforce" else "extra"
                if system == "salesforce" and one.status == _status(bill) and not one.open:
                    continue
                matching.add(finding(code, system, kind, name, *place, -gross, cause, matching.now))
                continue
            deleted, cause = matching.gone("subscriptions", name, f"bill {name}")
            if deleted:
                matching.add(finding("deleted", "subscriptions", kind, name, *place, gross, cause, matching.now))
            else:
                cause = f"{name} ({one.id}) stands in {SYSTEMS[system]}, and the platform has no such bill"
                matching.add(finding("extra", system, kind, name, *place, -gross, cause, matching.now))

    def _elsewhere(self, system: str, bill: BookDocument, mine: list[BookDocument]) -> None:
        """A posting outside the ledger that owns the entity: the other ledger's open item, or a second posting."""
        matching, place = self.matching, (bill.entity, bill.currency)
        owner = matching.names.ledger(bill)
        if (bill.kind, bill.number) in self.postings.get(owner, {}):
            cause = f"{bill.number} is posted in {SYSTEMS[owner]} and also in {SYSTEMS[system]}"
            worth = -signed(bill, sum(one.gross for one in mine))
            matching.add(finding("duplicate", system, bill.kind, bill.number, *place, worth, cause, matching.now))

    def _entries(self) -> None:
        matching = self.matching
        for system, book in matching.books.ledgers.items():
            for entry in book.entries:
                place, what = (entry.entity, entry.currency), f"journal {entry.id}"
                text = f"{what} in {SYSTEMS[system]} posts {entry.amount} to the receivables (minor units)"
                if not entry.ours:
                    matching.item("out of scope", what, place, {OPEN: -entry.amount}, text)
                    continue
                words = f"{text}, for a customer of ours and no bill: {entry.text or 'no memo'}"
                matching.add(finding("extra", system, "entry", what, *place, -entry.amount, words, matching.now))


def signed(document: BookDocument, amount: int) -> int:
    """Credits reduce what is owed."""
    return -amount if document.kind == "credit" else amount


def _shown(document: BookDocument, amount: int) -> dict[str, int]:
    """What it makes of the line of what sales is shown to be open: that is of invoices alone."""
    return {SHOWN: amount} if document.kind == "invoice" else {}


def _status(bill: BookDocument) -> str | None:
    """As sales is shown it: an invoice's in the words of sales, a credit note's in the platform's own."""
    return STATUS.get(bill.status or "", bill.status) if bill.kind == "invoice" else bill.status


def differences(bill: BookDocument, twin: BookDocument, fields: tuple[str, ...]) -> tuple[Difference, ...]:
    """Fields in which a record differs from the bill; what its channel does not tell (None) is not compared."""
    found = []
    for name in fields:
        is_, should = getattr(twin, name), getattr(bill, name)
        if is_ is not None and should is not None and is_ != should:
            found.append(Difference(name, str(is_), str(should)))
    return tuple(found)


def _by_number(documents: list[BookDocument]) -> dict[tuple[str, str], list[BookDocument]]:
    found: dict[tuple[str, str], list[BookDocument]] = {}
    for document in documents:
        found.setdefault((document.kind, document.number), []).append(document)
    return found
