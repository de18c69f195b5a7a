"""Tickers metering-feed, by time of recording, and metering-daily, the CSV that shows what the feed lacked."""

from datetime import UTC, datetime
from functools import partial

from synccore.domain.usage import MEMBERS, Malformed, UsageEvent, daily_file, event_of
from synccore.ports.engine import Tick
from synccore.ports.outcomes import Later
from synccore.ports.stores import BusinessException, Unit
from synccore.ports.usage import Export
from synccore.processes.context import Context
from synccore.processes.usage_intake import ATTENTION_S, OWNER, SYSTEM, take_rows

AGAIN_S = 5.0  # before a file that arrived damaged is fetched again


class MeteringFeed:
    """What was recorded since the cursor, with overlap: entries of one second may come in several answers."""

    CURSOR = "metering/recorded"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: dict[str, None] = {}  # rows of the latest answer: most of them come again with the next

    async def __call__(self) -> Tick:
        """One look at the feed; events and cursor are stored in one transaction."""
        ctx = self._ctx
        assert ctx.metering is not None
        cursor = await ctx.db.run(lambda unit: unit.cursors.get(self.CURSOR))
        rows = await ctx.metering.recorded(_instant(int(cursor) - ctx.overlap_s) if cursor else "")
        told = {repr(sorted(row.items())): row for row in rows}
        read = [_row(row) for key, row in told.items() if key not in self._known]
        if not read:
            return Tick(False)
        latest = max((row.recorded_at for row in read if isinstance(row, UsageEvent)), default=0)

        def store(unit: Unit) -> int:
            fresh = take_rows(unit, read, ctx.clock.now())
            if latest > int(cursor or 0):
                unit.cursors.set(self.CURSOR, str(latest))
            return fresh

        fresh = await ctx.db.run(store)
        self._known = dict.fromkeys(told)
        if fresh:
            await ctx.kick()
        return Tick(fresh > 0)


def _row(row: object) -> UsageEvent | Malformed:
    assert isinstance(row, dict)
    return event_of({name: row.get(name) for name in MEMBERS}, f"usage feed, event {row.get('id') or '(none)'}")


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class MeteringDaily:
    """Each day's CSV, once a version of it: complete by its trailer, and whatever the feed had not shown is taken."""

    CURSOR = "metering/day"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._doubtful: dict[str, str] = {}  # files that were not whole, by day: damaged there, or on the way?

    async def __call__(self) -> Tick:
        """One look at the list of files."""
        ctx = self._ctx
        assert ctx.metering is not None
        day = await ctx.db.run(lambda unit: unit.cursors.get(self.CURSOR)) or ""
        listed = await ctx.metering.exports(day)
        if not listed:
            return Tick(False)
        known = await ctx.db.run(lambda unit: {one.day: unit.cursors.get(_name(one.day)) for one in listed})
        files = [one for one in listed if known[one.day] != one.version]
        for file in files:
            await self._take(file)
        if files:
            await ctx.kick()
        return Tick(bool(files))

    async def _take(self, file: Export) -> None:
        ctx = self._ctx
        assert ctx.metering is not None
        text = await ctx.metering.export(file.day)
        read = daily_file(file.day, text)
        if read.problem and self._doubtful.get(file.day) != text:
            self._doubtful[file.day] = text
            raise Later(AGAIN_S, read.problem, counts=False)
        self._doubtful.pop(file.day, None)
        await ctx.db.run(partial(self._store, file, read.rows, read.problem, ctx.clock.now()))

    def _store(
        self, file: Export, rows: tuple[UsageEvent | Malformed, ...], problem: str, at: float, unit: Unit
    ) -> None:
        fresh = take_rows(unit, rows, at)
        unit.cursors.set(_name(file.day), file.version)
        unit.cursors.set(self.CURSOR, max(file.day, unit.cursors.get(self.CURSOR) or ""))
        details = {"rows": len(rows), "not_in_feed": fresh, "problem": problem}
        unit.audit.add("synccore", "usage-file-taken", f"metering/{file.day}", details, at)
        work = f"usage-file:{file.day}"
        if not problem:
            unit.exceptions.resolve_work(work, "a whole file has come", SYSTEM, at)
            return
        subject = f"metering/{file.day}"
        unit.exceptions.open(
            BusinessException(
                "", "usage_file_malformed", subject, SYSTEM, problem, OWNER, ("fix_source", "abandon"), (), work, at,
                at + ATTENTION_S,
            )
        )  # fmt: skip


def _name(day: str) -> str:
    return f"metering/file/{day}"
