"""What each step of the batch does, in transactions small enough that a restart never does a thing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from simulators.erp_legacy.answers import ack_line, doc_line, status_records
from simulators.erp_legacy.arrivals import Arrivals
from simulators.erp_legacy.custom_tables import table_files
from simulators.erp_legacy.extracts import open_item_lines, payment_lines
from simulators.erp_legacy.idocs import Idocs, read_idocs
from simulators.erp_legacy.ledger import EXTRACT_WAITING
from simulators.erp_legacy.state import BATCH_FILE, HEADER, IDOC, LINE, PARTNER, RUN, State
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.erp_legacy.posting import Posting
    from simulators.erp_legacy.storage import Files

BATCH_SIZE = 200  # documents a transaction where a file is read in


class Steps:
    """The seven steps; each may be called again after any interruption."""

    def __init__(self, state: State, files: Files, arrivals: Arrivals, idocs: Idocs, posting: Posting) -> None:
        self._state, self._store, self._files = state, state.store, files
        self._arrivals, self._idocs, self._posting = arrivals, idocs, posting
        self.trip: Callable[[str, str], None] = lambda _step, _when: None

    def _count(self, run: Doc, **more: int) -> None:
        if not any(more.values()):
            return
        fresh = self._store.get(RUN.name, run["id"])
        assert fresh is not None
        self._store.put(RUN.name, {**fresh, **{name: fresh[name] + number for name, number in more.items()}})

    async def pick_up(self, run: Doc, at: float) -> None:
        """Take every control file that was there before the cut-off in hand, with its data file."""
        with self._store.transaction():
            self._count(run, files=self._arrivals.pick_up(run, at))
            self.trip("pick_up", "during")

    async def check(self, run: Doc, at: float) -> None:
        """Accept, hold or refuse each file that was picked up."""
        for file in self._arrivals.picked():
            with self._store.transaction():
                outcome = self._arrivals.check(file, at)
                self._count(run, rejected=outcome == "rejected", held=outcome in ("held", "no_data"))
            self.trip("check", "during")
            await asyncio.sleep(0)

    async def create(self, run: Doc, at: float) -> None:
        """Make IDocs of accepted files, a few hundred a transaction, going on where an earlier try stopped."""
        for file in self._arrivals.in_order("accepted"):
            documents = read_idocs(self._files.lines(file["data"]))
            for _ in islice(documents, file["created"]):
                pass  # an earlier try created these
            while True:
                some = list(islice(documents, BATCH_SIZE))
                with self._store.transaction():
                    for control, lines in some:
                        self._idocs.create(file, control, lines, at)
                    file = {**file, "created": file["created"] + len(some)}
                    file["state"] = "accepted" if len(some) == BATCH_SIZE else "created"
                    self._store.put(BATCH_FILE.name, file)
                    self._count(run, idocs=len(some))
                self.trip("create", "during")
                await asyncio.sleep(0)
                if file["state"] == "created":
                    break

    async def post(self, run: Doc, at: float) -> None:
        """Pass every ready document to the application, one transaction each."""
        ready = [row[0] for row in self._store.rows(f"SELECT key FROM {IDOC.name} WHERE STATUS = '64' ORDER BY key")]
        for number, docnum in enumerate(ready, 1):
            with self._store.transaction():
                doc = self._idocs.process(docnum, at)
                self._count(run, posted=doc["STATUS"] == "53", errors=doc["STATUS"] not in ("53", "64"))
            self.trip("post", "during")
            if number % 50 == 0:
                await asyncio.sleep(0)
        for file in self._arrivals.in_order("created"):
            self._store.put(BATCH_FILE.name, {**file, "state": "posted"})

    async def clear(self, run: Doc, at: float) -> None:
        """Match payments that came before their invoices, then stamp what is settled."""
        night = date.fromisoformat(run["night"])
        with self._store.transaction():
            for item in self._store.find(LINE.name, order="key", waiting="X"):
                self._posting.match_waiting(item, night, at)
        with self._store.transaction():
            settled = self._store.find(LINE.name, order="key", open="Z")
            for item in sorted(settled, key=lambda item: str(item["SHKZG"]), reverse=True):  # debits (S) first
                self._posting.ledger.clear(item)
            self.trip("clear", "during")

    async def extract(self, run: Doc, at: float) -> None:
        """Write ZSUBPAY and ZOPENITM for every partner that gets them."""
        fresh = self._store.get(RUN.name, run["id"])
        if fresh is None or fresh["extracted"]:
            return  # an earlier try of this run wrote them
        with self._store.transaction():
            self._store.put(RUN.name, {**fresh, "extracted": True})
            night = run["night"].replace("-", "")
            sql = f"SELECT key FROM {HEADER.name} WHERE extract = ? ORDER BY rowid"
            waiting = [row[0] for row in self._store.rows(sql, (EXTRACT_WAITING,))]
            name = f"ZSUBPAY_{night}_{self._store.next('zsubpay'):06d}.TXT"
            for partner in self._store.find(PARTNER.name, order="key"):
                if partner["extracts"]:
                    outbound = f"{partner['SNDPRN']}/outbound"
                    payments = payment_lines((head, self._item(head)) for head in self._heads(waiting))
                    self._files.save(f"{outbound}/{name}", payments, at)
                    self._files.save(f"{outbound}/ZOPENITM_{night}.TXT", open_item_lines(self._open_items()), at)
                    for table, lines in table_files(self._state, night):
                        self._files.save(f"{outbound}/{table}", lines, at)
            for head in self._heads(waiting):
                self._store.put(HEADER.name, {**head, "extract": run["id"]})
            self.trip("extract", "during")

    def _heads(self, keys: Iterable[str]) -> Iterator[Doc]:
        """One at a time, as all that is read of a night."""
        for key in keys:
            head = self._store.get(HEADER.name, key)
            assert head is not None
            yield head

    def _item(self, head: Doc) -> Doc:
        item = self._posting.ledger.customer_item(head)
        assert item is not None
        return item

    def _open_items(self) -> Iterator[tuple[Doc, Doc]]:
        keys = [row[0] for row in self._store.rows(f"SELECT key FROM {LINE.name} WHERE open = 'O' ORDER BY key")]
        for key in keys:
            item = self._store.get(LINE.name, key)
            assert item is not None
            head = self._store.get(HEADER.name, item["document"])
            assert head is not None
            yield head, item

    async def acknowledge(self, run: Doc, at: float) -> None:
        """Answer every file whose documents went through, then tell of documents that changed since their answer."""
        del run
        for file in self._arrivals.in_order("posted"):
            self._read_all(file["id"])
            with self._store.transaction():
                self._answer(file, at, every=True)
            self.trip("acknowledge", "during")
        changed = [row[0] for row in self._store.rows(
            f"SELECT DISTINCT file FROM {IDOC.name} WHERE news = 'X' ORDER BY file")]  # fmt: skip
        for file_id in changed:
            known = self._store.get(BATCH_FILE.name, file_id)
            if known is not None and known["state"] == "done":
                with self._store.transaction():
                    self._answer(known, at, every=False)

    def _documents(self, file_id: str) -> Iterator[Doc]:
        """One at a time: a file may have more than memory holds."""
        sql = f"SELECT key FROM {IDOC.name} WHERE file = ? ORDER BY key"
        for (key,) in list(self._store.rows(sql, (file_id,))):
            doc = self._store.get(IDOC.name, key)
            if doc is not None and doc["original"] is None:
                yield doc

    def _read_all(self, file_id: str) -> None:
        """A file's first answer tells of all its documents: none is news any more. Some hundred a transaction, before
        the answer, so that a try that stops in between only does it again.
        """
        fresh = (doc for doc in self._documents(file_id) if doc["news"])
        while some := list(islice(fresh, BATCH_SIZE)):
            with self._store.transaction():
                for doc in some:
                    self._store.put(IDOC.name, {**doc, "news": None})

    def _answer(self, file: Doc, at: float, every: bool) -> None:
        """Tell of `every` document of a file, or of those that changed since the last answer."""
        number = file["answers"] + 1
        outbound = f"{file['partner']}/outbound"
        statuses, lines, records = [], bytearray(), bytearray()
        for doc in self._documents(file["id"]):
            statuses.append(doc["STATUS"])
            if every or doc["news"]:
                lines += doc_line(doc)
                records += b"".join(status_records([doc]))
            if doc["news"]:
                self._store.put(IDOC.name, {**doc, "news": None})
        name = f"{file['base']}.ACK" if number == 1 else f"{file['base']}.A{number:02d}"
        suffix = "" if number == 1 else f".{number:02d}"
        self._files.save(f"{outbound}/{name}", ack_line(file["base"], statuses) + bytes(lines), at)
        self._files.save(f"{outbound}/STATUS_{file['base']}{suffix}.TXT", bytes(records), at)
        self._store.put(BATCH_FILE.name, {**file, "state": "done", "answers": number})
