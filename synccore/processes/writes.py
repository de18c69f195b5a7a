"""Writes that happen once: recorded under their key before they are sent, looked up before they are sent again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.holding import LEASE_S, SENDING, Sending
from synccore.ports.outcomes import Finding, Later, Parked
from synccore.ports.stores import Effect, Unit
from synccore.ports.systems import Found, Rejected, Unknown
from synccore.ports.trail import traceparent

UNKNOWN_S = 5.0  # before the look-up: a slow system may still be applying it
LINGER_S = 120.0  # how long a write that nobody waits for any more may yet be applied, over what was written since


class Writing(Protocol):
    """What a write needs of its surroundings."""

    db: Database
    clock: Clock
    restored: bool  # the store came out of a backup: what was never planned, as far as it knows, may have been sent


@dataclass(frozen=True)
class Write:
    """One write under its business key. `digest` is for levels; `amount` (minor units) is what a look-up must find.

    `prepare` reads what the write needs in the transaction that records the intention, which costs no transaction of
    its own; it returns the digest, or None when there is nothing to write.
    """

    key: str
    target: str
    operation: str
    cause: str
    digest: str = ""
    amount: int | None = None
    prepare: Callable[[Unit], str | None] | None = None


Send = Callable[[int], Awaitable[Any]]
Look = Callable[[], Awaitable[Found | None]]
Settled = Callable[[Unit, Any], None]


async def once(ctx: Writing, write: Write, send: Send, look: Look | None = None, settled: Settled | None = None) -> Any:
    """The target's reference for a fact that is written exactly once.

    `send` gets the number of certain refusals so far (an idempotency key must change after one). Without `look` the
    write is idempotent at the target by its nature. `settled` runs in the transaction that records the success.
    Raises Rejected, Later, or Parked when the target holds something else under the key.
    """
    planned_at = ctx.clock.wire()
    planned = await _plan(ctx, write)
    if planned is None:
        return None
    effect, refusals, doubt = planned
    if effect.state == "applied":
        return effect.reference
    if look is not None and not effect.fresh:
        found = await look()
        if found is not None:
            return await _applied(ctx, write, checked(write, found), settled)
    try:
        reference = await _sent(effect, planned_at, partial(send, refusals))
    except Unknown as error:
        await _settle(ctx, write, "unknown", {"refusals": refusals})
        raise Later(UNKNOWN_S, str(error)) from None
    except Rejected as error:
        if error.duplicate and look is not None:
            found = await look()
            if found is not None:
                return await _applied(ctx, write, checked(write, found), settled)
        await _settle(ctx, write, "rejected", {"refusals": refusals + 1, "reason": str(error)})
        raise
    if doubt:
        await _linger(ctx, write, doubt)
    return await _applied(ctx, write, reference, settled)


async def level(
    ctx: Writing, write: Write, current: Look, create: Send, update: Callable[[Any], Awaitable[Any]],
    settled: Settled | None = None,
) -> Any:  # fmt: skip
    """The target's reference for master data: created once, and brought to the present state when `digest` differs."""
    planned_at = ctx.clock.wire()
    planned = await _plan(ctx, write)
    if planned is None:
        return None
    effect, refusals, doubt = planned
    if effect.state == "applied":
        return effect.reference
    found = None if effect.fresh else await current()
    try:
        if found is None:
            try:
                reference = await _sent(effect, planned_at, partial(create, refusals))
            except Rejected as error:
                found = await current() if error.duplicate else None
                if found is None:
                    raise
                reference = await _sent(effect, planned_at, partial(update, found.reference))
        else:
            reference = await _sent(effect, planned_at, partial(update, found.reference))
    except Unknown as error:
        await _settle(ctx, write, "unknown", {"refusals": refusals})
        raise Later(UNKNOWN_S, str(error)) from None
    except Rejected as error:
        await _settle(ctx, write, "rejected", {"refusals": refusals + 1, "reason": str(error)})
        raise
    if doubt:
        await _linger(ctx, write, doubt)
    return await _applied(ctx, write, reference, settled)


def checked(write: Write, found: Found) -> Any:
    """The reference of what was found, if it is what we would have written."""
    if write.amount is not None and found.amount is not None and found.amount != write.amount:
        reason = f"{write.key} exists with {found.amount} instead of {write.amount} (minor units)"
        finding = Finding("posting_differs", reason, "finance", ("fix_target", "retry", "abandon"), (), {})
        raise Parked(reason, (finding,))
    return found.reference


def doubt_until(before: Effect | None, digest: str, at: float) -> float:
    """Until when a level that is written now may be overwritten by an earlier one that nobody heard of; 0.0: by none.

    Who writes once more what is doubted already does not prolong that: whatever arrives of it says the same.
    """
    if before is None or before.state == "rejected":
        return 0.0
    if before.state == "applied":  # at the second try, perhaps: then the first may be under way, and says what it said
        overtaken = before.tries > 1 and before.digest != digest and at < before.at + LINGER_S
        return at + LINGER_S if overtaken else 0.0
    if before.digest != digest:
        return at + LINGER_S
    until = _until(before)
    return until if at < until else 0.0


def _until(effect: Effect | None) -> float:
    known = effect.reference if effect is not None and effect.state != "applied" else None
    return float(known.get("until", 0.0)) if isinstance(known, dict) else 0.0


def doubted(unit: Unit, key: str, until: float, at: float) -> None:
    """A level stands as it should, but is not believed before what it has overtaken can no longer be applied over it;
    whoever writes the same meanwhile does not believe it either.
    """
    unit.effects.settle(key, "unknown", {"refusals": 0, "until": until}, at)


def lingering(key: str) -> Later:
    """To be raised then: all that was doubted is written again when it is past."""
    return Later(LINGER_S, f"{key}: an earlier write may yet be applied over this one", counts=False)


async def _linger(ctx: Writing, write: Write, until: float) -> None:
    at = ctx.clock.now()
    await ctx.db.run(lambda unit: doubted(unit, write.key, until, at))
    raise lingering(write.key)


async def _plan(ctx: Writing, write: Write) -> tuple[Effect, int, float] | None:
    """The effect, how often it was refused for certain, and until when an earlier level may still be under way."""
    at = ctx.clock.now()

    def plan(unit: Unit) -> tuple[Effect, int, float] | None:
        digest = write.digest if write.prepare is None else write.prepare(unit)
        if digest is None:
            return None
        before = unit.effects.get(write.key)
        if before is not None and before.state == "applied" and before.digest == digest:
            return before, 0, 0.0
        known = before.reference if before and before.state != "applied" else None
        doubt = doubt_until(before, digest, at)
        effect = unit.effects.plan(write.key, write.target, write.operation, digest, write.cause, at)
        refusals = int(known.get("refusals", 0)) if isinstance(known, dict) else 0  # else what was applied before
        if doubt:  # kept at once: the next try, should the answer to this one get lost, must not believe itself either
            unit.effects.settle(write.key, "unknown", {"refusals": refusals, "until": doubt}, at)
        effect = replace(effect, fresh=effect.fresh and not ctx.restored)
        return effect, refusals, doubt

    return await ctx.db.run(plan)


async def _sent(effect: Effect, planned_at: float, send: Callable[[], Awaitable[Any]]) -> Any:
    """Send a write whose calls carry its trace context and begin within its lease.

    No `finally`: a run that a crash has left behind is closed in a context which is not its own.
    """
    SENDING.set(Sending(traceparent(effect.key, effect.cause), planned_at + LEASE_S))
    try:
        reference = await send()
    except Exception:
        SENDING.set(None)
        raise
    SENDING.set(None)
    return reference


async def _applied(ctx: Writing, write: Write, reference: Any, settled: Settled | None) -> Any:
    at = ctx.clock.now()

    def settle(unit: Unit) -> None:
        unit.effects.settle(write.key, "applied", reference, at)
        if settled is not None:
            settled(unit, reference)

    await ctx.db.run(settle)
    return reference


async def _settle(ctx: Writing, write: Write, state: Any, reference: dict[str, Any]) -> None:
    at = ctx.clock.now()

    def settle(unit: Unit) -> None:
        until = _until(unit.effects.get(write.key))
        unit.effects.settle(write.key, state, {**reference, **({"until": until} if until else {})}, at)

    await ctx.db.run(settle)
