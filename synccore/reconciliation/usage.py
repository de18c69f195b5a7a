"""Usage: each event of the metering that holds stands in one rated line of the platform, or waits with a reason."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from synccore.domain.usage import BookEvent, BookUsage, UsageBook
from synccore.ports.reports import Code, Line
from synccore.reconciliation.matching import Matching
from synccore.reconciliation.words import finding

RATED = "used = rated"
EVENTS = "events"  # what this line counts, in the place of a currency


@dataclass
class _Sums:
    """One entity's events that hold, and those of them that are rated."""

    held: int = 0
    rated: int = 0


@dataclass
class _Usage:
    matching: Matching
    book: UsageBook
    sums: dict[str, _Sums] = field(default_factory=lambda: defaultdict(_Sums))
    left: dict[str, Decimal] = field(default_factory=dict)  # by event: what its bill says less what was credited of it

    def run(self) -> None:
        for note in self.matching.books.platform.documents:
            if note.usage is not None and note.status != "voided":
                before = self.left.get(note.usage.billed_as, note.usage.billed)
                self.left[note.usage.billed_as] = min(before, note.usage.quantity)
        recorded: dict[str, list[BookUsage]] = defaultdict(list)
        for usage in self.book.usages:
            recorded[usage.event].append(usage)
        for versions in _facts(self.book.events).values():
            self._fact(versions, recorded)
        known = {event.id for event in self.book.events}
        for usage in self.book.usages:
            if usage.event not in known:
                self._break("extra", usage.id, usage.subscription, 0, "is no event of the metering")

    def _fact(self, versions: list[BookEvent], recorded: dict[str, list[BookUsage]]) -> None:
        """An event and what corrects it: the last one counts."""
        self.matching.outcome.compared += 1
        holds, sums = versions[-1], self.sums[self._entity(versions[-1].subscription)]
        sums.held += 1
        mine = recorded.get(holds.id, [])
        stale = [usage for event in versions[:-1] for usage in recorded.get(event.id, ())]
        lacked = self._billed_in_all(stale) + sum(one.quantity for one in mine) == holds.quantity and len(mine) == 1
        for usage in stale:
            if (mine and not lacked) or not usage.bill:
                why = f"was corrected by {holds.id} and still counts"
                self._break("duplicate", usage.event, holds.subscription, 0, why)
        if len(mine) > 1:
            self._break("duplicate", holds.id, holds.subscription, 0, f"is recorded {len(mine)} times")
        elif not mine and any(one.bill for one in stale) and self._billed_in_all(stale) == holds.quantity:
            sums.rated += 1
        elif not mine:
            self._absent(holds, "is not in the platform")
        elif mine[0].quantity != holds.quantity and not lacked:
            why = f"is {mine[0].quantity} there and {holds.quantity} in the metering"
            self._break("amount_differs", holds.id, holds.subscription, 0, why)
        elif mine[0].bill or not mine[0].quantity:
            sums.rated += 1
        elif mine[0].waits:
            place = (self._entity(holds.subscription), EVENTS)
            self.matching.item("waiting for window", holds.id, place, {RATED: 1}, "its term is not billed yet")
        else:
            self._absent(holds, "lies in a term that was billed without it")

    def _billed_in_all(self, stale: list[BookUsage]) -> Decimal:
        """What bills say of earlier versions, less what was credited: what is lacking then is billed afterwards."""
        return sum((self.left.get(one.event, one.quantity) for one in stale if one.bill), Decimal(0))

    def _absent(self, event: BookEvent, why: str) -> None:
        place = (self._entity(event.subscription), EVENTS)
        if event.id in self.book.given_up:
            self.matching.item("out of scope", event.id, place, {RATED: 1}, self.book.given_up[event.id])
        elif not self.matching.excused((event.id,), event.id, place, {RATED: 1}):
            self._break("missing", event.id, event.subscription, 1, why)

    def _break(self, code: Code, document: str, subscription: str, amount: int, why: str) -> None:
        cause, entity = f"usage {document} {why}", self._entity(subscription)
        self.matching.add(
            finding(code, "subscriptions", "record", document, entity, EVENTS, amount, cause, self.matching.now)
        )

    def _entity(self, subscription: str) -> str:
        return self.book.entities.get(subscription, "")


def match(matching: Matching) -> None:
    """All usage, and its line for each entity that has any."""
    book = matching.books.usage
    if book is None:
        return
    usage = _Usage(matching, book)
    usage.run()
    for entity, sums in sorted(usage.sums.items()):
        items = sum(one.amount for one in matching.outcome.items if (one.line, one.entity) == (RATED, entity))
        matching.outcome.lines.append(
            Line(RATED, entity, EVENTS, "metering, events that count", sums.held, "platform, events in rated lines",
                 sums.rated, items)
        )  # fmt: skip


def _facts(events: list[BookEvent]) -> dict[str, list[BookEvent]]:
    """Events by the first one that they are about, in order of recording."""
    corrects = {event.id: event.corrects for event in events}
    found: dict[str, list[BookEvent]] = defaultdict(list)
    for event in events:
        root, seen = event.id, {event.id}
        while corrects.get(root) and corrects[root] not in seen:
            root = corrects[root]
            seen.add(root)
        found[root].append(event)
    return found
