"""Which ledger a document belongs to: the one that has it, else the one decided for it, else the rule of its day."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from synccore.domain import calendar
from synccore.domain.keys import Keys
from synccore.domain.mappings import Business, Entity, Ledger
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context

LEDGERS: tuple[Ledger, Ledger] = ("cloud", "legacy")
Documents = tuple[tuple[str, str], ...]  # (kind: invoice, credit or receipt; number or key)
DECIDED = "ledger"  # kind of link: <kind>:<number> belongs to the system
EARLY_S = 1800.0  # before the batch of the first window of the new time: what the last one has told is known by then


def system_of(ledger: Ledger) -> str:
    """The system of a ledger."""
    return f"erp_{ledger}"


def held_by(keys: Keys, unit: Unit, kind: str, number: str) -> tuple[Ledger, str] | None:
    """The ledger that has a document (or receipt), and what it calls it."""
    if kind == "receipt" and keys.born_in_ledger(number):
        return keys.birth_ledger(number), keys.ledger_document(number)
    for ledger in LEDGERS:
        document = unit.links.external(kind, number, system_of(ledger))
        if document is not None:
            return ledger, document
    return None


def document_of(keys: Keys, unit: Unit, kind: str, number: str) -> str | None:
    """What the ledger that has a document calls it."""
    held = held_by(keys, unit, kind, number)
    return held[1] if held is not None else None


def at_home(
    ctx: Context, unit: Unit, entity: Entity, documents: Documents, at: float | None, business: Business | None = None
) -> Entity:
    """The entity as the ledger of record of the first of the documents sees it.

    `documents`: the document itself before what it follows (a credit note its bill). `at`: when the last of them was
    issued, epoch seconds; None is now. `business`: what it is about, None where that is not known. While an entity has
    two ledgers the decision is kept: a document on its way stays with its ledger, whatever becomes of the cutover.
    """
    known = _known(ctx.keys, unit, entity, documents)
    if known is None:
        day = calendar.day(ctx.clock.now() if at is None else at, entity.zone)
        known = entity.ledger_on(day, business)
    if entity.cutover is not None and documents:
        key = ":".join(documents[0])
        unit.links.put(DECIDED, key, system_of(known), key)
    return entity.within(known)


def _known(keys: Keys, unit: Unit, entity: Entity, documents: Documents) -> Ledger | None:
    for kind, number in documents:
        held = held_by(keys, unit, kind, number)
        if held is not None:
            return held[0]
        for ledger in entity.ledgers if entity.cutover is not None else ():
            if unit.links.external(DECIDED, f"{kind}:{number}", system_of(ledger)) is not None:
                return ledger
    return None


def decided_place(unit: Unit, kind: str, number: str) -> str:
    """The system that was decided for a document on its way while its entity has two ledgers, '' if none was."""
    places = map(system_of, LEDGERS)
    return next((one for one in places if unit.links.external(DECIDED, f"{kind}:{number}", one) is not None), "")


def wave_at(ctx: Context, unit: Unit, entity: Entity) -> float | None:
    """When the open items of an entity leave its old ledger, None if they do not: before the first cut-off of its day,
    as late as may be, so that what they amount to is known.
    """
    move = entity.cutover
    if move is None or move.open_items != "transfer" or (move.until is not None and move.until <= move.on):
        return None
    begins = datetime.combine(move.on, time(0), ZoneInfo(entity.zone)).astimezone(UTC).timestamp()
    policy = ctx.policy(unit, "legacy_batch")
    return calendar.next_cutoff(begins, policy["zone"], policy["cutoff"], int(policy["lead_minutes"])) - EARLY_S


def moves_today(ctx: Context, entity: Entity) -> bool:
    """Do open items of the entity's old ledger go to its new one today?"""
    return entity.cutover is not None and entity.cutover.transfers(calendar.day(ctx.clock.now(), entity.zone))


def moving_key(number: str) -> str:
    """Where it stands what was cleared of a bill that is on its way from one ledger to the other."""
    return f"moving/{number}"


def moving_topic(number: str) -> str:
    """What waits for the end of that."""
    return f"moved:{number}"


def settled_place(unit: Unit, number: str) -> None:
    """Parks what concerns a bill while its open item is on its way from one ledger to the other."""
    if unit.cursors.get(moving_key(number)):
        reason = f"the open item of {number} is on its way to another ledger"
        raise Parked(reason, waiting_on=(moving_topic(number),))
