"""One comparison under way: the books side by side, the reasons, and how items and breaks are noted. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from synccore.domain.books import Book, BookDocument, Names
from synccore.domain.usage import UsageBook
from synccore.ports.reports import Break, Item, ItemKind, Line
from synccore.reconciliation.reasons import Reason, Reasons
from synccore.reconciliation.words import SYSTEMS, finding

WON, POSTED, OPEN, RECEIVED, SHOWN = (
    "won = billed", "billed = posted", "open bills = receivables", "receipts agree", "Salesforce shows what is open"
)  # fmt: skip
LEDGERS = ("erp_cloud", "erp_legacy")
NOT_ISSUED = ("pending", "voided")


@dataclass
class Books:
    """The books side by side; a ledger that the deployment lacks is empty, usage without a metering None."""

    salesforce: Book
    platform: Book
    ledgers: Mapping[str, Book]
    usage: UsageBook | None = None

    def of(self, system: str) -> Book:
        """The book of a system."""
        return {"salesforce": self.salesforce, "subscriptions": self.platform, **self.ledgers}[system]

    def all(self) -> list[Book]:
        """All of them."""
        return [self.salesforce, self.platform, *self.ledgers.values()]

    def bills(self) -> list[BookDocument]:
        """What the platform has issued."""
        return [bill for bill in self.platform.documents if bill.status not in NOT_ISSUED]


@dataclass
class Outcome:
    """What the comparison found. `modified`: when the record of a break was last changed, for who is to blame."""

    items: list[Item] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    compared: int = 0
    modified: dict[tuple[str, ...], float] = field(default_factory=dict)


@dataclass
class Matching:
    """One comparison under way: the matchers of deals, documents and receipts write into its outcome."""

    books: Books
    names: Names
    reasons: Reasons
    now: float
    outcome: Outcome = field(default_factory=Outcome)
    _noted: set[tuple[str, ...]] = field(default_factory=set)

    def excused(self, keys: Iterable[str], document: str, place: tuple[str, str], amounts: Mapping[str, int]) -> bool:
        """Name the reconciling items that one of the keys justifies, a line each; False when none does."""
        reason = self.reasons.of(keys)
        if reason is None:
            return False
        self.item(reason.kind, document, place, amounts, reason.text, reason)
        return True

    def item(
        self, kind: ItemKind, document: str, place: tuple[str, str], amounts: Mapping[str, int], text: str,
        reason: Reason | None = None,
    ) -> None:  # fmt: skip
        """Name it in each line in which it has an amount; what has aged beyond its channel is a break besides."""
        late = reason is not None and reason.overdue(self.now)
        worth = {line: amount for line, amount in amounts.items() if amount} or {"": 0}
        for line, amount in worth.items():
            self.outcome.items.append(Item(kind, document, *place, amount, text, line, late))
        if late and reason is not None and kind != "parked":
            amount = next(iter(worth.values()))
            cause = f"{document} is {kind} for too long: {text}"
            self.add(finding("overdue", "synccore", "record", document, *place, amount, cause, reason.since))

    def add(self, found: Break, modified: float = 0.0) -> None:
        """Note a break."""
        if (found.code, *found.identity) not in self._noted:
            self._noted.add((found.code, *found.identity))
            self.outcome.breaks.append(found)
            self.outcome.modified[found.identity] = modified

    def gone(self, system: str, key: str, what: str) -> tuple[bool, str]:
        """Whether a system itself says that a record was deleted, and the sentence for its absence."""
        deletion = self.books.of(system).deleted.get(key)
        if deletion is None:
            letter = self.reasons.dead.get(key)
            why = f" (dead letter {letter})" if letter else ""
            return False, f"{what} is missing in {SYSTEMS[system]}{why}"
        on = f" on {deletion.at}" if deletion.at else ""
        by = f" by {deletion.by}" if deletion.by else ""
        return True, f"{what} was deleted in {SYSTEMS[system]}{on}{by}"
