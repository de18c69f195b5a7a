"""What the core promises of its flows, and how far it keeps that, by the times of the facts themselves.

A bill's turn begins when the platform issues it, not when the core hears of it, and ends when its ledger has it. What a
person had to resolve something of has the person's time, and is counted in none.
"""

from synccore.domain import calendar
from synccore.domain.events import Event
from synccore.domain.service_levels import DAY_S, KEPT_S, Level, Objective, Turn, level
from synccore.ports.stores import Unit
from synccore.processes.context import Context, entity_of
from synccore.processes.ledger_of_record import decided_place, system_of

OBJECTIVES = (
    Objective("bill-in-cloud-ledger", "a bill is in the cloud ledger within 15 minutes", "erp_cloud", 15 * 60.0),
    # the second nightly window, with a weekend before it, on which there is none
    Objective("bill-in-legacy-ledger", "a bill is in the legacy ledger within 5 days", "erp_legacy", 5 * DAY_S),
)
_PROCESS = "invoice-publication"


def service_levels(ctx: Context, unit: Unit) -> list[tuple[Objective, Level]]:
    """Each objective with its figures of now."""
    now = ctx.clock.now()
    turns = _turns(ctx, unit, now - KEPT_S)
    return [(one, level(one, turns[one.ledger], now)) for one in OBJECTIVES]


def _turns(ctx: Context, unit: Unit, since: float) -> dict[str, list[Turn]]:
    """The bills issued since then, by the system of their ledger."""
    found: dict[str, list[Turn]] = {objective.ledger: [] for objective in OBJECTIVES}
    posted = {str(event.data["invoice"]): event for event in unit.events.since("invoice-posted", since)}
    for_people = {row.subject for row in unit.exceptions.list()}
    open_ = {item.subject for item in unit.work.open() if item.process == _PROCESS}
    open_ |= {letter.subject for letter in unit.letters.list("dead") if letter.process == _PROCESS}
    for bill in unit.events.since("invoice-issued", since):
        posting = posted.get(bill.subject)
        if bill.subject in for_people or (posting is None and bill.subject not in open_):
            continue  # of what is not posted and no longer to be posted there is nothing to wait for: it was voided
        place = str(posting.data["ledger"]) if posting is not None else _place(ctx, unit, bill)
        if place in found:
            found[place].append(Turn(bill.subject, bill.time, posting.time if posting is not None else None))
    return found


def _place(ctx: Context, unit: Unit, bill: Event) -> str:
    """The ledger in which a bill is to be posted, '' if that is not known: then it is a person's anyway."""
    signals = unit.inbox.find("subscriptions", bill.causation, 0.0, float("inf"), 1)
    invoice = signals[0].payload["content"]["invoice"] if signals else {}
    entity = entity_of(unit, ctx.keys.entity_of(str(invoice.get("customer_id") or "")))
    if entity is None:
        return ""
    decided = decided_place(unit, "invoice", bill.subject)
    return decided or system_of(entity.ledger_on(calendar.day(bill.time, entity.zone), None))
