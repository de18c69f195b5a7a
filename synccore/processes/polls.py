"""The tickers: what each source says has changed since its cursor, with overlap; cursor and work move together."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import Any

from synccore.domain import drift
from synccore.domain.facts import fact
from synccore.domain.keys import digest
from synccore.domain.payloads import Misshapen
from synccore.ports.engine import Tick
from synccore.ports.rows import Row
from synccore.ports.stores import Signal, Unit
from synccore.ports.systems import CloudErp, Rejected
from synccore.processes import milestone_billing
from synccore.processes.context import Context
from synccore.processes.deleted_receipts import DeletedPayments
from synccore.processes.intake import UNREADABLE, take_all
from synccore.processes.set_aside import order_received, set_aside

STAMP_RESOLUTION_S = 2.0
PAYMENT = "payment"
AHEAD_S = 86400.0  # a cursor never goes further beyond our own time: a stamp of next century would hide all until then


def instant(stamp: str) -> float:
    """Epoch seconds of a source's change stamp, ISO 8601 in any of its spellings; without a zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(stamp)
    except ValueError:
        raise ValueError(f"'{stamp}' is no time stamp") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _sound(rows: Iterable[Row], what: str) -> list[Row]:
    return [row for row in rows if not _senseless(row, what)]


def _senseless(row: Row, what: str) -> str:
    """What is wrong with a row that cannot be followed, '' if nothing is."""
    if not row.id:
        return f"a changed {what} without an id"
    try:
        instant(row.stamp)
    except (ValueError, OverflowError) as error:
        return f"changed {what} {row.id}: {error}"
    return ""


def _aside(unit: Unit, source: str, what: str, row: Row, at: float) -> bool:
    """A row that makes no sense is kept for a person, once; the others go on."""
    content = {**row.content, "id": row.id, "modified": row.stamp}
    key, why = f"{UNREADABLE}-{digest(content)}", _senseless(row, what)
    if not unit.inbox.accept(Signal(source, key, UNREADABLE, {"why": why, "what": what, "row": content}, at)):
        return False
    set_aside(unit, source, key, Misshapen(UNREADABLE, "", why), at)
    return True


def _put_right(payload: Any) -> Row:
    """A row that was set aside, as it is now. Raises Misshapen if it makes no sense yet."""
    content = dict(payload["row"]) if isinstance(payload.get("row"), dict) else {}
    row = Row(str(content.pop("id", "") or ""), str(content.pop("modified", "") or ""), "", content)
    why = _senseless(row, str(payload.get("what") or "record"))
    if why:
        raise Misshapen(UNREADABLE, "", why)
    return row


class SalesforceChanges:
    """Ticker salesforce-changes: won deals and accounts by SystemModstamp.

    A field that the org has lost is left out of the query: the deals concerned find out for themselves.

    The stamp has a resolution of a second and late commits carry early stamps, so the poll looks back behind its
    cursor; what it meets again is told apart by its content. The core's own write-backs change no content that
    matters and end here.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._lost: dict[str, bool] = {}  # objects that lack a field we ask for
        self._pages: dict[str, list[Row]] = {}  # what the latest look at an object found and took in

    async def __call__(self) -> Tick:
        """One look at the source."""
        return Tick(await self.look())

    async def look(self) -> bool:
        """Read what has changed since the cursors, store it with its work and hand that over; whether there was any."""
        ctx = self._ctx

        def begin(unit: Unit) -> list[str | None]:
            ctx.read_fields(unit)  # also what another worker was told
            return [unit.cursors.get("salesforce/Account"), unit.cursors.get("salesforce/Opportunity")]

        cursors = await ctx.db.run(begin)
        pages = {"Account": await ctx.salesforce.changed_accounts(self._since(cursors[0]))}
        stores = self._stores("Account", pages["Account"], cursors[0])
        try:
            pages["Opportunity"] = await ctx.salesforce.changed_deals(self._since(cursors[1]))
        except Exception:
            await self._take(stores, pages)  # what one query has found does not wait for the other
            raise
        stores += self._stores("Opportunity", pages["Opportunity"], cursors[1])
        return await self._take(stores, pages)

    async def look_at(self, kind: str, ask: Callable[[str], Awaitable[list[Row]]]) -> bool:
        """The same for one other object, which `ask` reads from a stamp on."""
        cursor = await self._ctx.db.run(lambda unit: unit.cursors.get(f"salesforce/{kind}"))
        rows = await ask(self._since(cursor))
        return await self._take(self._stores(kind, rows, cursor), {kind: rows})

    async def _take(self, stores: list[Callable[[Unit], bool]], pages: dict[str, list[Row]]) -> bool:
        worked = bool(stores) and await self._ctx.db.run(lambda unit: sum(store(unit) for store in stores) > 0)
        self._pages |= pages
        if worked:
            await self._ctx.kick()
        return worked

    def _since(self, cursor: str | None) -> str:
        if cursor is None:
            return ""
        return datetime.fromtimestamp(instant(cursor) - self._ctx.overlap_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _stores(self, kind: str, rows: list[Row], cursor: str | None) -> list[Callable[[Unit], bool]]:
        """What takes the rows in and moves the cursor, if the latest look did not find just the same."""
        if not rows:
            return []
        restored = self._restored(kind, bool(rows[0].missing))
        if not restored and rows == self._pages.get(kind):
            return []
        latest = max((row.stamp for row in _sound(rows, kind)), key=instant, default="")
        keep, limit = self._keeping(kind, rows, restored), self._ctx.clock.now() + AHEAD_S

        def store(unit: Unit) -> bool:
            fresh = keep(unit)
            if latest and (cursor is None or instant(latest) > instant(cursor)):
                bound = datetime.fromtimestamp(limit, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
                unit.cursors.set(f"salesforce/{kind}", latest if instant(latest) <= limit else bound)
            return fresh

        return [store]

    @property
    def lacks(self) -> bool:
        """Whether a field was missing when an object was read last: that it is back is seen by looking alone."""
        return any(self._lost.values())

    def keeping(self, kind: str, rows: list[Row]) -> Callable[[Unit], bool]:
        """What keeps rows that were read, each with its work, in a transaction; it says whether any was new."""
        return self._keeping(kind, rows, bool(rows) and self._restored(kind, bool(rows[0].missing)))

    def _keeping(self, kind: str, rows: list[Row], restored: bool) -> Callable[[Unit], bool]:
        at = self._ctx.clock.now()
        apply = {"Account": self._account, milestone_billing.RECORD: _milestone}.get(kind, self._deal)

        def store(unit: Unit) -> bool:
            fresh = restored and bool(unit.work.wake(drift.topic("salesforce", kind), at))
            for row in rows:
                if _senseless(row, kind):
                    fresh = _aside(unit, "salesforce", kind, row, at) or fresh
                    continue
                version, name = digest(dict(row.content)), f"salesforce/{kind}/{row.id}"
                key = f"{row.id}@{row.stamp}@{version}"
                known = unit.cursors.get(name)
                if known is not None and (known.endswith(f"@{version}") or _same(unit, known, row)):
                    continue
                unit.inbox.accept(Signal("salesforce", key, f"{kind}.changed", dict(row.content), at))
                unit.cursors.set(name, key)
                apply(unit, row, key, at)
                fresh = True
            return fresh

        return store

    def take_anew(self, unit: Unit, payload: Any) -> None:
        """A row that made no sense, as a person has put it right. Raises Misshapen if it makes none yet."""
        row, kind = _put_right(payload), str(payload.get("what"))
        account = row.id if kind == "Account" else str(row.content.get("AccountId") or "")
        right = replace(row, account=account, content={**row.content, "Id": row.id})
        self._keeping(kind, [right], False)(unit)

    def _restored(self, kind: str, missing: bool) -> bool:
        """Whether a field that the source had lost is there again: what waits for the field map may go on."""
        was, self._lost[kind] = self._lost.get(kind, False), missing
        return was and not missing

    def _account(self, unit: Unit, row: Row, key: str, at: float) -> None:
        unit.work.wake(f"account:{row.id}", at)
        entity = str(row.content.get("Selling_Entity__c") or "")
        if unit.links.external("customer", self._ctx.keys.customer(row.id, entity), "subscriptions") is not None:
            unit.work.add("customer-sync", row.id, row.id, {"account": row.id}, at, key)

    def _deal(self, unit: Unit, row: Row, key: str, at: float) -> None:
        unit.work.wake(f"opportunity:{row.id}", at)
        unit.work.add("order-activation", row.account or row.id, row.id, {"opportunity": row.id}, at, key)
        if str(row.content.get("IsWon")) == "False":
            return  # lost, or won no longer: the process sees to what follows
        try:
            order_received(unit, row.content, key, at)
        except Misshapen as found:
            set_aside(unit, "salesforce", key, found, at)


def _milestone(unit: Unit, row: Row, key: str, at: float) -> None:
    process, partition, subject, argument = milestone_billing.meant(row.content)
    unit.work.wake(milestone_billing.topic(argument["opportunity"]), at)
    unit.work.add(process, partition, subject, argument, at, key)


def _same(unit: Unit, known: str, row: Row) -> bool:
    """Whether a row that lacks fields which the source has lost is otherwise as it was: that is no change of it."""
    if not row.missing:
        return False
    for signal in unit.inbox.find("salesforce", known, 0.0, inf, 1):
        return all(signal.payload.get(name) == value for name, value in row.content.items())
    return False


class PlatformEvents:
    """Ticker platform-events: the feed, beside the webhooks, under the same ids; nothing is lost if a webhook is.

    A long feed is read page by page, and where a limit or an outage breaks off is where the next look goes on: one that
    began anew each time would never see the end of a busy night. Nor is the overlap read again for ever when nothing
    newer comes.
    """

    CURSOR, PLACE = "subscriptions/events", "subscriptions/events/page"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: dict[str, None] = {}  # ids that this process has stored already; the inbox is the truth
        self._cursor: int | None = None  # as this process left it, and the page; the store's are the truth
        self._place = ""
        self._floor = 0  # all that occurred before was read by a look that began long after it

    async def __call__(self) -> Tick:
        """One look at the source."""
        ctx, began = self._ctx, self._ctx.clock.now()
        if self._cursor is None:
            self._cursor, self._place = await ctx.db.run(self._stored)
        since, offset = max(self._floor, (self._cursor or 0) - ctx.overlap_s), ""
        if self._place:
            since, offset = json.loads(self._place)
        worked = False
        seen: dict[str, None] = {}
        while True:
            try:
                page = await ctx.platform.events(since, offset)
            except Rejected:
                if not offset:
                    raise
                offset = ""  # the place is not known any more
                continue
            events = [event for event in page.rows if isinstance(event, dict)]
            seen |= {str(event.get("id")): None for event in events}
            offset = page.offset
            worked = await self._take(events, json.dumps([since, offset]) if offset else "") or worked
            if not offset:
                break
        self._known = seen
        self._floor = max(self._floor, int(began) - 2 * ctx.overlap_s)
        return Tick(worked)

    def _stored(self, unit: Unit) -> tuple[int, str]:
        return int(unit.cursors.get(self.CURSOR) or 0), unit.cursors.get(self.PLACE) or ""

    async def _take(self, events: list[dict[str, Any]], onward: str) -> bool:
        """A page with its work, and in the same transaction where to go on; True if there was anything new in it."""
        ctx, place = self._ctx, self._place
        unseen = [event for event in events if event.get("id") not in self._known]
        limit = int(ctx.clock.now() + AHEAD_S)
        stamps = [event["occurred_at"] for event in unseen if isinstance(event.get("occurred_at"), int)]
        latest = max((min(stamp, limit) for stamp in stamps), default=0)

        def taken(unit: Unit) -> None:
            if latest > int(unit.cursors.get(self.CURSOR) or 0):
                unit.cursors.set(self.CURSOR, str(latest))
            if onward != place:
                unit.cursors.set(self.PLACE, onward)

        fresh = await take_all(ctx, unseen, taken) if unseen else 0
        if not unseen and onward != place:
            await ctx.db.run(taken)
        self._cursor, self._place = max(self._cursor or 0, latest), onward
        return fresh > 0


class CloudPayments:
    """Ticker cloud-payments: customer payments and refunds of the cloud ERP by lastmodifieddate; ours are echoes."""

    CURSOR = "erp_cloud/CustPymt"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._cursor: str | None = None  # as this process left it; the store's is the truth
        self._deleted = DeletedPayments(ctx)

    async def __call__(self) -> Tick:
        """One look at what has changed, and one at what is gone."""
        if self._ctx.cloud is None:
            return Tick(False)
        changed = await self._changed(self._ctx.cloud)
        gone = await self._deleted.look()
        if changed or gone:
            await self._ctx.kick()
        return Tick(changed or gone)

    async def _changed(self, cloud: CloudErp) -> bool:
        ctx = self._ctx
        if self._cursor is None:
            self._cursor = await ctx.db.run(lambda unit: unit.cursors.get(self.CURSOR)) or ""
        since = ""
        if self._cursor:
            since = datetime.fromtimestamp(instant(self._cursor) - ctx.overlap_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
        rows = await cloud.changed_payments(since)
        if not rows:
            return False
        at = ctx.clock.now()
        latest = max((row.stamp for row in _sound(rows, PAYMENT)), key=instant, default=self._cursor)
        if latest and instant(latest) > at + AHEAD_S:
            latest = datetime.fromtimestamp(at + AHEAD_S, UTC).strftime("%Y-%m-%d %H:%M:%S")

        def store(unit: Unit) -> bool:
            fresh = [
                _aside(unit, "erp_cloud", PAYMENT, row, at) if _senseless(row, PAYMENT) else self._take(unit, row, at)
                for row in rows
            ]
            cursor = unit.cursors.get(self.CURSOR)
            if latest and (cursor is None or instant(latest) > instant(cursor)):
                unit.cursors.set(self.CURSOR, latest)
            return any(fresh)

        worked = await ctx.db.run(store)
        if latest and (not self._cursor or instant(latest) > instant(self._cursor)):
            self._cursor = latest
        return worked

    def take_anew(self, unit: Unit, payload: Any, at: float) -> None:
        """A row that made no sense, as a person has put it right. Raises Misshapen if it makes none yet."""
        self._take(unit, _put_right(payload), at)

    def _take(self, unit: Unit, row: Row, at: float) -> bool:
        ctx = self._ctx
        external, customer = str(row.content.get("external_id") or ""), str(row.content.get("customer") or "")
        account = ctx.keys.account_of(customer.removeprefix("CB-"))
        if ctx.keys.payment_of_erp(external) or not account:
            return False
        if not unit.inbox.accept(Signal("erp_cloud", f"{row.id}@{row.stamp}", "CustPymt", dict(row.content), at)):
            return False
        key = ctx.keys.receipt_of_cloud(row.id)
        if row.content.get("kind") != "refund":  # what went back is told once it is known what it was taken from
            data = {"payment": key, "customer": customer}
            unit.events.append(fact("payment-received", "erp_cloud", key, account, at, data, f"{row.id}@{row.stamp}"))
        # stamps have a resolution of a second: what changes twice in it is read once the second is over
        due = max(at, min(instant(row.stamp), at) + STAMP_RESOLUTION_S)
        unit.work.add("payment-status", account, key, {"receipt": key}, due, f"{row.id}@{row.stamp}")
        return True
