"""Ticker salesforce-changes where the org tells its changes: a stream followed from a place that moves with the work.

An event says where to look: the records that it names are read as they are now, and go the way of polled rows. What
the stream cannot tell (a gap without fields, an overflow, a place that is no longer kept, another shape) is read by
the query that the poll uses, from the stamp up to which everything is known. That query is made once a day besides,
and at each start: a stream that was set back with its org has not come as far as our place, and tells nothing until it
has.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from synccore.ports.engine import Tick
from synccore.ports.feed import Expired, Feed, Told
from synccore.ports.outcomes import Later
from synccore.ports.rows import Row
from synccore.ports.stores import Unit
from synccore.ports.systems import Rejected
from synccore.processes.context import Context
from synccore.processes.merged_accounts import note_back, note_deleted
from synccore.processes.polls import AHEAD_S, SalesforceChanges

BEGINNING_S = 1.0  # a subscription that is not yet in force is looked after so soon
LOOK_S = 86400.0  # so often it is looked by query whether the stream has told everything, at midnight (UTC)
OWED = "salesforce/backfill"  # says why the records are to be read by query, '' if they are not


class SalesforceStream:
    """See the module."""

    def __init__(self, ctx: Context, feed: Feed) -> None:
        self._ctx, self._feed, self._poll = ctx, feed, SalesforceChanges(ctx)
        self._places: dict[str, str] = {}  # as stored
        self._owed = ""  # as stored: why the records are to be read by query
        self._loaded = False
        self._looks_at = 0.0  # when it is looked by query at the latest

    async def __call__(self) -> Tick:
        """Take in what has arrived; read by query what is owed, once the stream is in force."""
        if not self._loaded:
            self._places, self._owed = await self._ctx.db.run(self._load)
            self._loaded = True
        try:
            in_force = await self._followed()
        except Later:
            await self._poll.look()  # nothing can be told: looking by query is all there is
            raise
        worked = await self._take()
        now = self._ctx.clock.now()
        if self._poll.lacks or (in_force and (self._owed or now >= self._looks_at)):
            worked = await self._query() or worked
        return Tick(worked, self._looks_at if in_force else now + BEGINNING_S)

    def _load(self, unit: Unit) -> tuple[dict[str, str], str]:
        self._ctx.read_fields(unit)
        places = {topic: unit.cursors.get(place_key(topic)) or "" for topic in self._feed.topics}
        return places, unit.cursors.get(OWED) or ""

    async def _followed(self) -> bool:
        while True:
            try:
                return await self._feed.follow(self._places)
            except Expired as gone:
                # begin at the tip, and read by query what came before it
                reason, topic = f"{gone.topic} no longer keeps {gone.place}", gone.topic
                await self._ctx.db.run(lambda unit: _move(unit, {topic: ""}, reason))  # noqa: B023 - awaited at once
                self._places[topic], self._owed = "", reason

    # -- what has arrived -----------------------------------------------------------------------

    async def _take(self) -> bool:
        told = list(self._feed.told())
        if not told:
            return False
        accounts, deals, refused = await self._read(self._wanted(told))
        keep = self._poll.keeping("Account", accounts), self._poll.keeping("Opportunity", deals)
        owed = next((reason for one in told if (reason := _unknown(one))), refused or self._owed)
        places = {one.topic: one.place for one in told}
        went = [(one.kind, name) for one in told if one.record == "Account" for name in one.ids]

        def store(unit: Unit) -> bool:
            self._ctx.read_fields(unit)  # also what another worker was told
            fresh = [kept(unit) for kept in keep]
            for kind, account in went:
                if kind == "DELETE":
                    note_deleted(unit, account, self._ctx.clock.now(), f"account:{account}")
                elif kind == "UNDELETE":
                    note_back(self._ctx, unit, account)
            _move(unit, places, owed)
            if not owed:
                _advance(unit, told, self._ctx.clock.now() + AHEAD_S)
            return any(fresh) or any(kind == "DELETE" for kind, _ in went)

        fresh = await self._ctx.db.run(store)
        self._places |= places
        self._owed = owed
        await self._feed.handled(len(told))
        if fresh:
            await self._ctx.kick()
        return fresh

    async def _read(self, ids: Mapping[str, list[str]]) -> tuple[list[Row], list[Row], str]:
        """The accounts and deals as they are now, or why they must be looked for by query: one of the ids is none."""
        try:
            accounts = await self._ctx.salesforce.accounts(ids["Account"]) if ids["Account"] else []
            deals = await self._ctx.salesforce.deals(ids["Opportunity"]) if ids["Opportunity"] else []
        except Rejected as refusal:
            return [], [], f"records that an event names cannot be read: {refusal}"
        return accounts, deals, ""

    def _wanted(self, told: Sequence[Told]) -> dict[str, list[str]]:
        """The records to be read, each once, by object, in the order in which they were changed last."""
        found: dict[str, dict[str, None]] = {record: {} for record in self._feed.matter}
        for one in told:
            if one.record in found and not one.ours and self._matters(one):
                for name in one.ids:
                    found[one.record].pop(name, None)
                    found[one.record][name] = None
        return {record: list(ids) for record, ids in found.items()}

    def _matters(self, one: Told) -> bool:
        if one.kind == "DELETE":
            return False
        if one.kind == "CREATE" and "IsWon" in one.values:
            return bool(one.values["IsWon"] or one.values.get("IsClosed"))
        return one.fields is None or bool(one.fields & self._feed.matter[one.record])

    # -- by query -------------------------------------------------------------------------------

    async def _query(self) -> bool:
        """What the poll does; then nothing is owed any more, unless it was in vain."""
        worked = await self._poll.look()
        if self._owed:
            await self._ctx.db.run(lambda unit: unit.cursors.set(OWED, ""))
        self._owed, self._looks_at = "", (self._ctx.clock.now() // LOOK_S + 1) * LOOK_S
        return worked


def _unknown(one: Told) -> str:
    """Why an event does not say enough, '' if it does."""
    if one.kind == "OVERFLOW":
        return f"{one.topic}: what has changed is not told"
    return f"{one.record} has another shape" if one.reshaped else ""


def _move(unit: Unit, places: Mapping[str, str], owed: str) -> None:
    for topic, place in places.items():
        unit.cursors.set(place_key(topic), place)
    if owed:
        unit.cursors.set(OWED, owed)


def _advance(unit: Unit, told: Sequence[Told], limit: float) -> None:
    """All that was committed before these is known: a query never needs to look back beyond."""
    for one in told:
        name = f"salesforce/{one.record}"
        known = unit.cursors.get(name) if one.at else None
        stamp = datetime.fromtimestamp(min(max(one.at, 0.0), limit), UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        if known is not None and known < stamp:
            unit.cursors.set(name, stamp)


def place_key(topic: str) -> str:
    """Where the place in a topic is stored."""
    return f"salesforce/place{topic}"
