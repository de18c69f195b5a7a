"""One reconciliation: books pulled, compared, looked at again where they differ, and kept as a link of a hash chain."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from synccore.domain.books import Book, Names
from synccore.domain.extracts import OutboundFile
from synccore.domain.keys import BROUGHT, CORRECTED, MOVED, QUOTE, Keys
from synccore.domain.mappings import Entity
from synccore.domain.usage import UsageBook, book_events
from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.exports import Exported, Exports
from synccore.ports.outcomes import Later
from synccore.ports.reports import Break, Healed, KeptReport, Report, TaxReport
from synccore.ports.stores import Unit
from synccore.ports.systems import CloudErp, LegacyErp, Platform, Salesforce
from synccore.ports.usage import Metering
from synccore.reconciliation.blame import attributed, effect_keys
from synccore.reconciliation.healing import Healing, heal, healings
from synccore.reconciliation.matching import LEDGERS, Books, Outcome
from synccore.reconciliation.reasons import Reasons, reasons_of
from synccore.reconciliation.taxes import declared

LOOKS = 4  # books are read one after the other while work goes on: a break is believed when two looks agree on it
TRIES, PATIENCE_S = 4, 10.0  # of one book, and how long to wait for each: a person waits for the answer
SIGNALS, LAST = 1_000_000, 253402300799.0  # the end of the year 9999

T = TypeVar("T")


class Surroundings(Protocol):
    """What a reconciliation needs: the systems, time, conventions, and the core's memory for reasons alone."""

    db: Database
    clock: Clock
    salesforce: Salesforce
    platform: Platform
    cloud: CloudErp | None
    legacy: LegacyErp | None
    metering: Metering | None
    keys: Keys

    def policy(self, unit: Unit, name: str) -> dict[str, Any]:
        """A policy in force."""
        ...


class Reconciliation:
    """Makes reports; `compare` is the rules."""

    def __init__(
        self, surroundings: Surroundings, compare: Callable[[Books, Names, Reasons, float], Outcome],
        exports: Exports | None = None,
    ) -> None:  # fmt: skip
        self._ctx, self._compare, self._exports = surroundings, compare, exports

    async def make(self, by: str, heals: bool = False) -> KeptReport:
        """Pull, compare, keep, and have copies that differ written anew if asked to, as far as the policy allows.

        Raises Later or Rejected when a system cannot be read: then nothing is known.
        """
        outcome, books = await self._look()
        for _ in range(LOOKS - 1):
            if not outcome.breaks:
                break
            before = _signature(outcome.breaks)
            outcome, books = await self._look()
            if _signature(outcome.breaks) == before:
                break
        at = self._ctx.clock.now()
        exported = self._exports.write(books, outcome, at) if self._exports is not None else Exported()
        kept = await self._ctx.db.run(lambda unit: self._keep(unit, outcome, books, by, at, heals, exported))
        if self._exports is not None and exported.path is not None:
            self._exports.keep(exported.path, kept.id)
        return kept

    async def taxes(self) -> TaxReport:
        """What the ledgers declare, of the platform's bills as they are now. Raises Later or Rejected as `make`."""
        ctx = self._ctx
        names = await ctx.db.run(self._names)
        platform = await self._patiently(lambda: ctx.platform.book(names))
        return await ctx.db.run(lambda unit: declared(unit, ctx.keys, platform, ctx.clock.now()))

    # -- looking ----------------------------------------------------------------------------

    async def _look(self) -> tuple[Outcome, Books]:
        ctx = self._ctx
        names, before = await ctx.db.run(lambda unit: (self._names(unit), self._reasons(unit)))
        books = await self._pull(names)
        after = await ctx.db.run(self._reasons)
        # what was under way when the first book was read, or is when the last has been
        reasons = Reasons({**before.by_key, **after.by_key}, {**before.dead, **after.dead})
        return self._compare(books, names, reasons, ctx.clock.now()), books

    def _reasons(self, unit: Unit) -> Reasons:
        now = self._ctx.clock.now()
        return reasons_of(unit.work.open(), unit.exceptions.list("open"), unit.letters.list("dead"), now)

    def _names(self, unit: Unit) -> Names:
        entities = {key: Entity.model_validate(value) for key, value in unit.mappings.all("entities").items()}
        debtors = unit.links.all("customer", "erp_legacy")
        payments = {document: reference.partition("/")[0]
                    for document, reference in unit.links.all("receipt", "erp_legacy").items()}  # fmt: skip
        zone = str(self._ctx.policy(unit, "platform")["zone"])
        owners = {document: system for system in LEDGERS for document in unit.links.all("ledger", system).values()}
        corrected = frozenset(unit.links.all(CORRECTED, "subscriptions"))
        brought = {place: int(worth) for place, worth in (
            one.rsplit("/", 1) for one in unit.links.all(BROUGHT, "erp_legacy"))}  # fmt: skip
        issued = dict(one.split("/", 1) for one in unit.links.all(MOVED, "subscriptions"))
        return Names(
            entities, self._ctx.keys, debtors, payments, owners, _quotes(unit), issued, brought, corrected, zone
        )  # fmt: skip

    async def _pull(self, names: Names) -> Books:
        """Originals before copies, so that what is born meanwhile is a document that has not arrived, not a stranger:
        the second look tells which of the two it is.
        """
        ctx = self._ctx
        cloud, legacy = ctx.cloud, ctx.legacy
        ledgers: dict[str, Book] = {}
        salesforce = await self._patiently(ctx.salesforce.book)
        platform = await self._patiently(lambda: ctx.platform.book(names))
        if cloud is not None:
            ledgers["erp_cloud"] = await self._patiently(lambda: cloud.book(names))
        told, given_up = await ctx.db.run(lambda unit: (_told(unit), _given_up(unit)))
        if legacy is not None:
            ledgers["erp_legacy"] = await self._patiently(lambda: legacy.book(names, told))
        return Books(salesforce, platform, ledgers, await self._patiently(lambda: self._usage(given_up)))

    async def _usage(self, given_up: dict[str, str]) -> UsageBook | None:
        ctx = self._ctx
        if ctx.metering is None:
            return None
        events = book_events(await ctx.metering.book())
        usages, customers = await ctx.platform.usages.book()
        entities = {one: ctx.keys.entity_of(customer) for one, customer in customers.items()}
        return UsageBook(events, usages, entities, given_up)

    async def _patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        """A book, also through a limit or an answer that got lost; an outage is the caller's to know of."""
        for _ in range(TRIES - 1):
            try:
                return await read()
            except Later as later:
                if later.delay_s > PATIENCE_S:
                    raise
                await self._ctx.clock.sleep(later.delay_s)
        return await read()

    # -- keeping ----------------------------------------------------------------------------

    def _keep(self, unit: Unit, outcome: Outcome, books: Books, by: str, at: float, heals: bool,
              exported: Exported) -> KeptReport:  # fmt: skip
        last = unit.reports.last()
        written = {key: found.at for key in effect_keys(self._ctx.keys, outcome.breaks)
                   if (found := unit.effects.get(key)) is not None and found.state == "applied"}  # fmt: skip
        breaks = attributed(outcome.breaks, outcome.modified, written, self._ctx.keys)
        seen = _first_seen(last)
        aged = [replace(one, since=min(one.since, seen.get(one.identity, one.since))) for one in breaks]
        planned = healings(self._ctx.keys, books, aged) if heals and aged else []
        held = self._held(unit, planned)
        planned = [] if held else planned
        report = Report(
            "", at, by, "breaks" if aged else "agrees", outcome.compared,
            {book.system: book.as_of or "now" for book in books.all()}, tuple(outcome.lines), tuple(outcome.items),
            tuple(sorted(aged, key=lambda one: (one.system, one.kind, one.document, one.code))),
            last.hash if last is not None else "", "",
            tuple(Healed(one.of.system, one.of.kind, one.of.document, one.process) for one in planned), held,
            exported.counts, exported.problem,
        )  # fmt: skip
        content = report.content()
        digest = digest_of(content)
        report_id = unit.reports.add(at, digest, content)
        unit.audit.add(by, "reconciliation", report_id, {"verdict": report.verdict, "breaks": len(aged)}, at)
        heal(unit, planned, report_id, by, at)
        return KeptReport(report_id, at, digest, content)

    def _held(self, unit: Unit, planned: list[Healing]) -> str:
        """Many copies that differ at once are rather one wrong setting than many accidents: a person looks first."""
        limit = int(self._ctx.policy(unit, "reconciliation")["limit"])
        if len(planned) <= limit:
            return ""
        return f"{len(planned)} copies differ, and at most {limit} are healed without a person (policy reconciliation)"


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a report's content, which names the hash of the report before it."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _signature(breaks: Iterable[Break]) -> list[tuple[Any, ...]]:
    return sorted((one.code, *one.identity, one.amount) for one in breaks)


def _first_seen(last: KeptReport | None) -> dict[tuple[str, ...], float]:
    rows = last.content["breaks"] if last is not None else ()
    return {(row["system"], row["kind"], row["document"]): float(row["since"]) for row in rows}


def _quotes(unit: Unit) -> dict[str, tuple[int, int]]:
    """What amendments were quoted at by months and what the platform said that it would bill by days."""
    parts = (note.split("/") for note in unit.links.all(QUOTE, "subscriptions"))
    return {deal: (int(quoted), int(billed)) for deal, quoted, billed in parts}


def _given_up(unit: Unit) -> dict[str, str]:
    """Why people abandoned what they did, by subject."""
    return {one.subject: f"{one.id}: given up: {one.resolution}" for one in unit.exceptions.list("abandoned")}


def _told(unit: Unit) -> list[OutboundFile]:
    """Files of the legacy ERP as they once came: what the drop no longer keeps is read from here."""
    signals = unit.inbox.find("erp_legacy", "", 0.0, LAST, SIGNALS)
    return [OutboundFile(one.key, str(one.payload["text"])) for one in signals if one.kind == "file"]
