"""The metering's memory: events, the entries in which they were recorded, and the daily exports."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from simulators.kit.chance import Chance
from simulators.kit.jobs import Jobs
from simulators.kit.store import Doc, Store
from simulators.metering import rules
from simulators.metering.errors import Refused
from simulators.metering.schemas import SETTINGS

EXPORT = "export"


class State:
    """All reads and writes; a caller holds the transaction."""

    def __init__(self, store: Store, chance: Chance, jobs: Jobs) -> None:
        self._store, self._chance, self._jobs = store, chance, jobs

    @property
    def settings(self) -> Doc:
        """Zone, time of the daily export, days that the feed reaches back."""
        return SETTINGS | (self._store.get("setting", "site") or {})

    def meters(self) -> list[str]:
        """The meters that are known; with none, any is taken."""
        return [row["id"] for row in self._store.find("meter")]

    def event(self, key: str) -> Doc | None:
        """An event by its id."""
        return self._store.get("event", key)

    def record(self, given: Mapping[str, Any], at: float) -> tuple[Doc, bool]:
        """Record what the product sent: the event, and whether it was new. What is known already is entered again,
        as it was sent again; another content under a known id is a conflict.
        """
        key = given.get("id") or f"ue_{self._chance.token('event', self._store.next('event'), 16)}"
        event: Doc = {name: value for name, value in given.items() if value is not None} | {"id": key}
        known = self.event(key)
        if known is not None and not rules.same(known, event):
            raise Refused(409, f"event {key} was recorded with another content; send a correction that refers to it")
        if known is None:
            self._store.put("event", {**event, "recorded": int(at)})
        self._enter(key, at)
        return known or event, known is None

    def _enter(self, event: str, at: float) -> None:
        settings, number = self.settings, self._store.next("entry")
        of_day = rules.day(at, settings["zone"])
        entry = {"id": f"{number:012d}", "number": number, "event": event, "recorded": int(at), "day": of_day}
        self._store.put("entry", entry)
        due = rules.ready_at(of_day, settings["zone"], settings["export_at"])
        self._jobs.schedule(due, EXPORT, {"day": of_day}, key=f"{EXPORT}/{of_day}")

    def entries(self, since: int, after: int, limit: int) -> list[tuple[int, Doc]]:
        """Entries recorded at or after `since`, behind entry `after`, in order: (its number, the row as shown)."""
        first = next(
            self._store.rows("SELECT key FROM entry WHERE recorded >= ? ORDER BY recorded, rowid LIMIT 1", (since,)),
            None,
        )
        if first is None:
            return []
        rows = self._store.rows(  # numbers rise with time, so that the key alone finds the page
            "SELECT json_extract(entry.doc, '$.number'), entry.recorded, event.doc FROM entry "
            "JOIN event ON event.key = entry.event WHERE entry.key >= ? AND entry.key > ? "
            "ORDER BY entry.key LIMIT ?", (first[0], f"{after:012d}", limit),
        )  # fmt: skip
        return [(number, rules.shown(_loaded(doc), recorded)) for number, recorded, doc in rows]

    def of_day(self, day: str) -> Iterator[Doc]:
        """All that was recorded on a day, in order."""
        rows = self._store.rows(
            "SELECT entry.recorded, event.doc FROM entry JOIN event ON event.key = entry.event WHERE entry.day = ? "
            "ORDER BY entry.key", (day,),
        )  # fmt: skip
        for recorded, doc in rows:
            yield rules.shown(_loaded(doc), recorded)

    def entered(self, event: str) -> int:
        """How often an event was recorded."""
        return len(self._store.find("entry", event=event))

    def correction_of(self, event: str) -> str | None:
        """The latest event that corrects this one, or None."""
        found = self._store.find("event", corrects=event)
        return found[-1]["id"] if found else None

    def export(self, day: str, at: float) -> Doc:
        """Write the CSV of a day."""
        rows = list(self.of_day(day))
        text = rules.csv_text(day, rows)
        return self.keep(day, text, at, len(rows), len({row["id"] for row in rows}))

    def keep(self, day: str, text: str, at: float, rows: int, events: int) -> Doc:
        """Keep a day's CSV as it is to be fetched."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        doc = {"id": day, "ready_at": rules.instant(at), "rows": rows, "events": events, "sha256": digest, "text": text}
        self._store.put("export", doc)
        return doc

    def exported(self, day: str) -> Doc | None:
        """The CSV of a day."""
        return self._store.get("export", day)

    def exports(self, since: str) -> list[Doc]:
        """The CSVs of all days from `since` on, by day."""
        return [doc for doc in self._store.find("export", order="key") if doc["id"] >= since]


def _loaded(doc: str) -> Doc:
    loaded: Doc = orjson.loads(doc)
    return loaded
