"""Process usage-upload: an event of the metering is recorded in the platform once, in the term in which it is billed.

A correction replaces: what it corrects is taken back, and recorded anew under its own id. What can no longer be billed
in its own term is listed for a person, or billed in the next term where the policy `usage` says so; what was billed too
much is listed or credited, what was billed too little is listed or, as the difference, billed in the next term.
"""

from decimal import Decimal
from typing import Any

from synccore.domain.deals import Value
from synccore.domain.findings import Finding
from synccore.domain.usage import Metered, Recorded, UsageEvent, platform_id
from synccore.ports.engine import Run
from synccore.ports.outcomes import Later, Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found, Rejected
from synccore.ports.usage import UsageEntry
from synccore.processes.context import Context
from synccore.processes.usage_credits import billed_in_all, credit_correction, minimum
from synccore.processes.usage_intake import versions
from synccore.processes.writes import Look, Send, Write

BILLING, PRODUCT, SALES, FINANCE = "billing-operations", "product-data", "sales-operations", "finance"
SHIFTS = 60  # seconds by which a date that another event has taken may be moved: the platform takes one usage a second
RATED, PENDING, LATE = "rated at the term's end", "on a pending bill", "late"


class _Known(Value):
    """An event, what it replaces, the item that its meter is billed by, and the policy."""

    event: UsageEvent
    newest: bool
    earlier: tuple[UsageEvent, ...]
    sku: str
    prices: dict[str, str]
    policy: dict[str, Any]

    def of(self, quantity: Decimal) -> "_Known":
        """The same, to be recorded as so much."""
        return self.model_copy(update={"event": self.event.model_copy(update={"quantity": quantity})})


class UsageUpload:
    """One event a run; events of one customer run one at a time, so that a correction never overtakes its original."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"event": id}."""
        name = str(argument["event"])
        told = await run.step("event", lambda: self._ctx.db.run(lambda unit: self._read(unit, name)))
        if told is None:
            return
        known = _Known.model_validate(told)
        event = known.event
        if not known.newest:  # replaced before or after it was recorded: it must not count
            await run.step("withdraw", lambda: self._withdraw(event, event))
            return
        place = await run.step("place", lambda: self._place(known))
        billed = []
        for one in known.earlier:
            bill = await run.step("replace", lambda one=one: self._withdraw(one, event))  # type: ignore[misc]
            billed += [(one, str(bill))] if bill else []
        if billed:
            rest = await run.step("settle", lambda: self._settle(known, place, [one for one, _ in billed]))
            if rest["reason"]:
                raise _parked_correction(event, *billed[0], str(rest["reason"]))
            if not rest["place"]:
                return
            known, place = known.of(Decimal(rest["lacking"])), rest["place"]
        listed = place["when"] == LATE and known.policy["late"] != "next_period"
        if listed and not await run.step("billed", lambda: self._billed(event)):  # before our store came back older
            raise _parked_late(event, place)
        await run.step("record", lambda: self._record(known, place))
        if await run.step("confirm", lambda: self._confirm(event, place)) == LATE:
            await run.step("withdraw", lambda: self._withdraw(event, event))
            raise Later(1.0, f"the term of {event.id} was closed while it was recorded", counts=False)

    def _read(self, unit: Unit, name: str) -> Any:
        """What the core knows of it now, as JSON: a correction that comes meanwhile has a run of its own."""
        told = versions(unit, name)
        event = next((one for one in told if one.id == name), None)
        if event is None:
            return None
        items = unit.mappings.all("items")
        sku = next((sku for sku, item in sorted(items.items()) if item.get("meter") == event.meter), "")
        prices = dict(items[sku].get("prices") or {}) if sku else {}
        earlier = tuple(one for one in told if one.id != name)
        known = _Known(
            event=event, newest=told[-1].id == name, earlier=earlier, sku=sku, prices=prices,
            policy=self._ctx.policy(unit, "usage"),
        )  # fmt: skip
        return known.model_dump(mode="json")

    # -- where it belongs ---------------------------------------------------------------------

    async def _place(self, known: _Known) -> dict[str, Any]:
        """Item price, date and term in which the event will be billed. Parks when there is none."""
        event, usages = known.event, self._ctx.platform.usages
        if not known.sku:
            reason = f"no product is billed by the meter {event.meter}"
            actions, topics = ("map_item", "retry", "abandon"), (f"meter:{event.meter}",)
            raise Parked(reason, (Finding("unmapped_meter", reason, PRODUCT, actions, topics),))
        metered = await usages.metered(event.subscription)
        actions, topics = ("fix_source", "retry", "abandon"), (f"contract:{event.subscription}",)
        if metered is None:
            reason = f"the platform has no subscription {event.subscription}"
            raise Parked(reason, (Finding("unknown_subscription", reason, BILLING, actions, topics),))
        price = known.prices.get(metered.currency, "")
        item = metered.item(price)
        if item is None:
            reason = f"subscription {event.subscription} holds no {known.sku}, whose meter {event.meter} was used"
            raise Parked(reason, (Finding("meter_not_contracted", reason, SALES, actions, topics),))
        when, bill = await self._when(metered, price, event.at)
        if when == LATE and known.policy["late"] == "next_period":
            return {"when": when, "price": price, "at": max(item.starts, int(self._ctx.clock.now())), "bill": ""}
        return {"when": when, "price": price, "at": event.at, "bill": bill, "starts": item.starts}

    async def _when(self, metered: Metered, price: str, at: int) -> tuple[str, str]:
        """Whether a date is still to be billed with its term: in the running term, or on a bill that is pending."""
        item = metered.item(price)
        if item is not None and at >= item.starts and metered.status in ("active", "non_renewing"):
            return RATED, ""
        for bill in await self._ctx.platform.usages.pending(metered.subscription):
            if bill.item_price == price and bill.starts <= at <= bill.ends:
                return PENDING, bill.id
        return LATE, ""

    async def _confirm(self, event: UsageEvent, place: dict[str, Any]) -> str:
        """Look again after recording: between look and write the term may have ended or its bill been closed."""
        usages, at = self._ctx.platform.usages, int(place["at"])
        metered = await usages.metered(event.subscription)
        when, bill = (LATE, "") if metered is None else await self._when(metered, place["price"], at)
        if when == PENDING:
            try:
                await self._synchronise(bill, event)
                return PENDING
            except Rejected:
                when = LATE  # closed just now
        if when == LATE:
            found = await usages.find(event.subscription, platform_id(event.id))
            if found is not None and found.bill:
                return RATED
        return when

    async def _synchronise(self, bill: str, event: UsageEvent) -> None:
        async def send(_refusals: int) -> str:
            await self._ctx.platform.usages.synchronise(bill)
            return bill

        await self._again(f"usage-sync/{bill}", "usage-sync", event, send)

    async def _billed(self, event: UsageEvent) -> bool:
        found = await self._ctx.platform.usages.find(event.subscription, platform_id(event.id))
        return found is not None and bool(found.bill)

    # -- writes -------------------------------------------------------------------------------

    async def _record(self, known: _Known, place: dict[str, Any]) -> str:
        ctx, event, usages = self._ctx, known.event, self._ctx.platform.usages
        name, note = platform_id(event.id), ctx.keys.usage_note(event.id)

        async def look() -> Found | None:
            found = await usages.find(event.subscription, name)
            return None if found is None else Found(found.id)

        async def send(_refusals: int) -> str:
            last = int(place["at"]) + SHIFTS
            for at in range(int(place["at"]), last + 1):
                entry = UsageEntry(name, place["price"], event.quantity, at, note)
                try:
                    return await usages.record(event.subscription, entry)
                except Rejected as refusal:
                    if not refusal.duplicate or at == last or await look() is not None:
                        raise
            raise AssertionError("unreachable")

        key = ctx.keys.effect("subscriptions", "usage", event.id)
        return str(await ctx.once(ctx, Write(key, "subscriptions", "usage", f"usage:{event.id}"), send, look))

    async def _settle(self, known: _Known, place: dict[str, Any], billed: list[UsageEvent]) -> dict[str, Any]:
        """A correction of what is billed: {reason: why a person has to see to it, lacking, place: of what is lacking}.

        What was billed too much is credited here, if policy says so.
        """
        ctx, event, policy = self._ctx, known.event, known.policy
        total = await billed_in_all(ctx, billed)
        if total is None:
            return {"reason": "its line is not to be found on the bill"}
        if event.quantity > total:
            if policy["raised"] != "next_period":
                return {"reason": "more was used than is billed, and the policy `usage` leaves that to a person"}
            currency = next(name for name, price in known.prices.items() if price == place["price"])
            if await minimum(ctx, known.sku, currency):
                return {"reason": "a minimum is committed for what was used"}
            late = place["when"] == LATE
            at = max(int(place.get("starts") or place["at"]), int(ctx.clock.now())) if late else place["at"]
            wanted = {**place, "when": RATED if late else place["when"], "at": at}
            return {"reason": "", "lacking": f"{event.quantity - total}", "place": wanted}
        if len(billed) > 1:
            return {"reason": "" if event.quantity == total else "it was billed in parts", "place": None}
        if policy["corrected"] != "credit":
            return {"reason": "the policy `usage` leaves it to a person"}
        return {"reason": await credit_correction(ctx, event, billed[0], known.sku), "place": None}

    async def _again(self, name: str, what: str, by: UsageEvent, send: Send, look: Look | None = None) -> None:
        """A write that may be due as often as an event asks for it: this moment's is another than an earlier one's."""
        ctx = self._ctx
        key, now = ctx.keys.effect("subscriptions", *name.split("/")), f"{ctx.clock.now()}"
        await ctx.once(ctx, Write(key, "subscriptions", what, f"usage:{by.id}", now), send, look)

    async def _withdraw(self, event: UsageEvent, by: UsageEvent) -> str:
        """See to it that an event that is replaced does not count; the number of its bill when that is too late."""
        usages, name = self._ctx.platform.usages, platform_id(event.id)
        found: Recorded | None = await usages.find(event.subscription, name)
        if found is None or found.bill:
            return "" if found is None else found.bill

        async def look() -> Found | None:
            return Found(name) if await usages.find(event.subscription, name) is None else None

        async def send(_refusals: int) -> str:
            await usages.take_back(event.subscription, found.id)
            return name

        try:
            await self._again(f"usage-removal/{event.id}", "usage-removal", by, send, look)
        except Rejected as refusal:
            raise Later(1.0, str(refusal)) from None  # billed between look and write: the next look says so
        return ""


def _parked_late(event: UsageEvent, place: dict[str, Any]) -> Parked:
    reason = (
        f"{event.quantity} {event.meter} of {event.subscription} were reported after the bill of their term was closed"
    )
    details = {"quantity": f"{event.quantity}", "used_at": event.at, "term_begins": place.get("starts")}
    finding = Finding("usage_late", reason, BILLING, ("set_policy", "retry", "abandon"), ("policy:usage",), details)
    return Parked(reason, (finding,))


def _parked_correction(event: UsageEvent, earlier: UsageEvent, bill: str, why: str) -> Parked:
    corrects = f"{event.id} corrects it to {event.quantity}: {why}"
    reason = f"{earlier.id} was billed as {earlier.quantity} on {bill}; {corrects}"
    details = {"bill": bill, "billed": f"{earlier.quantity}", "corrected": f"{event.quantity}"}
    actions, topics = ("credit_and_rebill", "set_policy", "retry", "abandon"), (f"bill:{bill}", "policy:usage")
    return Parked(reason, (Finding("usage_corrected_late", reason, FINANCE, actions, topics, details),))
