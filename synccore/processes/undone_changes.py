"""What a customer changed in the platform between our look and our write is made good after it. Part of an amendment.

Chargebee's `update_for_items` says what each named item shall be, and neither takes a version that it must find nor
says which it found (https://apidocs.chargebee.com/docs/api/subscriptions/update-subscription-for-items): the last one
to write wins. Its events keep the subscription as each change left it, with a `resource_version` that only grows
(https://apidocs.chargebee.com/docs/api/events). So the write names no more than what the deal changes, and the events
are read after it: what ours came upon, and whether our wish for that would have been another.
"""

import json
from typing import Any

from synccore.domain.agreements import Agreement, Part, Unfit, Version
from synccore.domain.deals import Deal
from synccore.domain.undone import Wish, marked, stepped, undone
from synccore.ports.outcomes import Later
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.contract_status import change_key, made_good_key
from synccore.processes.deal_writes import deal_key, refuse
from synccore.processes.scheduled_changes import rows_of
from synccore.processes.writes import UNKNOWN_S, Write

SLACK_S = 5.0  # between the core's clock and the platform's
ROUNDS = 5  # a customer who changes the contract each time that we do is for a person


def _pending_key(deal: str) -> str:
    """Where it is remembered that a write has to be looked at: {marker, since, round, steps: what it had to do}."""
    return f"look-back/{deal}"


def pend(unit: Unit, deal: str, since: float | None, marker: str = "", steps: tuple[Part, ...] = ()) -> None:
    """In the transaction that records a write: `since` is when its sender read the contract, None if nobody knows."""
    number = int(marker.partition("+")[2] or 0)
    held = {
        "marker": marker or deal, "since": 0 if since is None else int(since - SLACK_S), "round": number,
        "steps": [step.model_dump() for step in steps],
    }  # fmt: skip
    unit.cursors.set(_pending_key(deal), json.dumps(held))


class UndoneChanges:
    """Of one deal's amendment; `wish` is what it does to the parts that it finds."""

    def __init__(self, ctx: Context, deal: Deal, wish: Wish) -> None:
        self._ctx, self._deal, self._wish = ctx, deal, wish

    async def make_good(self, subscription: str) -> None:
        """Until nothing is undone. Raises Parked for what cannot be put together, Later while the events lag."""
        while (held := await self._ctx.db.run(self._pending)) is not None:
            steps = tuple(Part.model_validate(row) for row in held["steps"])
            wish = (lambda parts, steps=steps: stepped(parts, steps)) if steps else self._wish
            history = await self._ctx.platform.changes(subscription, int(held["since"]))
            ours = marked(history, held["marker"])
            if ours is None:
                raise Later(UNKNOWN_S, f"the platform's events do not tell yet of {held['marker']}")
            found = undone(history, held["marker"], wish)
            if found is None:
                await self._ctx.db.run(lambda unit: unit.cursors.set(_pending_key(self._deal.id), ""))
                return
            if isinstance(found, Unfit) or held["round"] >= ROUNDS:
                await self._give_up(subscription, found.reason if isinstance(found, Unfit) else "they do not end")
            else:
                await self._again(subscription, f"{self._deal.id}+{held['round'] + 1}", ours, found[1])

    def _pending(self, unit: Unit) -> dict[str, Any] | None:
        text = unit.cursors.get(_pending_key(self._deal.id))
        return json.loads(text) if text else None

    async def _give_up(self, subscription: str, why: str) -> None:
        text = (
            f"the customer changed {subscription} while deal {self._deal.name} was carried out, and the platform holds"
            f" what the deal made of it alone; the two cannot be put together: {why}"
        )
        await refuse(self._ctx, self._deal, Unfit("change_undone", text))

    async def _again(self, subscription: str, marker: str, ours: Version, steps: tuple[Part, ...]) -> None:
        """Add what was undone to what is there."""
        ctx, deal, key = self._ctx, self._deal, deal_key(self._ctx, "amendment-kept", marker)
        read_at: float | None = None

        async def look() -> Found | None:
            version = marked(await ctx.platform.changes(subscription), marker)
            return None if version is None else Found(version.number)

        async def send(refusals: int) -> int:
            nonlocal read_at
            read_at = ctx.clock.now()
            fields = await self._fields(subscription, steps)
            idempotency = ctx.keys.idempotency(f"{key}#{refusals}")
            return await ctx.platform.change_subscription(subscription, {**fields, "cf_sf_change": marker}, idempotency)

        def settled(unit: Unit, version: Any) -> None:
            unit.cursors.set(change_key(marker), str(version))
            wanted = stepped(ours.parts, steps)
            if not isinstance(wanted, Unfit) and unit.cursors.get(made_good_key(deal.id)) is None:
                seats = sum(part.quantity for part in wanted if part.plan)
                unit.cursors.set(made_good_key(deal.id), json.dumps({"version": ours.number, "seats": seats}))
            pend(unit, deal.id, read_at, marker, steps)

        write = Write(key, "subscriptions", "amendment", f"opportunity:{deal.id}")
        await ctx.once(ctx, write, send, look, settled)

    async def _fields(self, subscription: str, steps: tuple[Part, ...]) -> dict[str, Any]:
        fresh: Agreement | None = await self._ctx.platform.agreement(subscription)
        parts = stepped(fresh.parts if fresh is not None else (), steps)
        if isinstance(parts, Unfit):
            await self._give_up(subscription, parts.reason)
        assert fresh is not None and not isinstance(parts, Unfit)
        touched, left = {step.price for step in steps}, {part.price for part in parts}
        return {
            "subscription_items": rows_of(tuple(part for part in parts if part.price in touched)),
            "mandatory_items_to_remove": [part.price for part in fresh.parts if part.price not in left],
        }
