"""Signals of the platform taken in: stored under their id, told as canonical events, turned into work, all at once."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from synccore.domain.bills import contracts_on
from synccore.domain.facts import fact
from synccore.domain.keys import digest
from synccore.domain.payloads import Misshapen, present
from synccore.ports.stores import Signal, Unit
from synccore.processes import contract_signals
from synccore.processes.adjustments import credit_issued
from synccore.processes.context import Context
from synccore.processes.ledger_facts import issued_key
from synccore.processes.set_aside import set_aside

SYSTEM = "subscriptions"
UNREADABLE = "unreadable"  # the kind of a row of the feed that is no event


class Malformed(ValueError):
    """The body is no event of the platform; the message says what is wrong with it."""


def intake(ctx: Context) -> Callable[[Any], Awaitable[bool]]:
    """What the webhook route calls with a decoded body: True if the event was new. Raises Malformed."""

    async def accept(body: Any) -> bool:
        event = checked(body)
        at = ctx.clock.now()
        fresh, due = await ctx.db.run(lambda unit: (take(ctx, unit, event, at), unit.work.next_due()))
        if due is not None:
            await ctx.kick(due)
        return fresh

    return accept


def checked(body: Any) -> Mapping[str, Any]:
    """The event, if it has what every event has."""
    if not isinstance(body, dict):
        raise Malformed("the body is not an object")
    for member, kind in (("id", str), ("event_type", str), ("occurred_at", int), ("content", dict)):
        if not isinstance(body.get(member), kind) or body[member] == "":
            raise Malformed(f"'{member}' is missing or no {kind.__name__}")
    if not (body["id"].isprintable() and body["event_type"].isprintable()):
        raise Malformed("'id' and 'event_type' have printable characters alone")
    if len(body["id"]) > 100 or len(body["event_type"]) > 100:
        raise Malformed("'id' and 'event_type' have at most 100 characters")
    return body


def _nothing(_unit: Unit) -> None:
    return


async def take_all(ctx: Context, bodies: Iterable[Any], taken: Callable[[Unit], None] = _nothing) -> int:
    """Take in a page of the feed; what is no event is kept and set aside. Returns how many were new.

    `taken` runs in the same transaction: what is remembered of a page must not be ahead of it.
    """
    events: list[Mapping[str, Any]] = []
    strange: list[tuple[Any, Malformed]] = []
    for body in bodies:
        try:
            events.append(checked(body))
        except Malformed as found:
            strange.append((body, found))
    at = ctx.clock.now()

    def store(unit: Unit) -> tuple[int, float | None]:
        fresh = sum(take(ctx, unit, event, at) for event in events)
        fresh += sum(_keep(unit, body, found, at) for body, found in strange)
        taken(unit)
        return fresh, unit.work.next_due()

    fresh, due = await ctx.db.run(store)
    if due is not None:
        await ctx.kick(due)
    return fresh


def take(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> bool:
    """One event, in the caller's transaction."""
    kind = str(event["event_type"])
    if not unit.inbox.accept(Signal(SYSTEM, str(event["id"]), kind, dict(event), at)):
        return False
    if kind in HANDLERS:
        try:
            tell(ctx, unit, kind, event, at)
        except Misshapen as found:
            set_aside(unit, SYSTEM, str(event["id"]), found, at)
    return True


def tell(ctx: Context, unit: Unit, kind: str, event: Mapping[str, Any], at: float) -> None:
    """What an event of this kind means. Raises Misshapen, whatever is wrong with it: one event never stops others."""
    try:
        HANDLERS[kind](ctx, unit, event, at)
    except Misshapen:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Misshapen(kind, "", f"{type(error).__name__}: {error}") from None


def _keep(unit: Unit, body: Any, found: Malformed, at: float) -> bool:
    """A row that is no event, kept under its fingerprint for a person to look at and put right."""
    key = f"{UNREADABLE}-{digest(repr(body))}"
    if not unit.inbox.accept(Signal(SYSTEM, key, UNREADABLE, {"why": str(found), "row": body}, at)):
        return False
    set_aside(unit, SYSTEM, key, Misshapen(UNREADABLE, "", str(found)), at)
    return True


def take_anew(ctx: Context, unit: Unit, row: Any, at: float) -> None:
    """A row that was no event, as a person has put it right. Raises Misshapen if it is none yet."""
    try:
        event = checked(row)
    except Malformed as found:
        raise Misshapen(UNREADABLE, "", str(found)) from None
    take(ctx, unit, event, at)


def _member(event: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    row = event["content"].get(name)
    return row if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"] else None


def _partition(ctx: Context, row: Mapping[str, Any]) -> str:
    customer = str(row.get("customer_id") or "")
    return ctx.keys.account_of(customer) or customer or "unknown"


def _invoice_generated(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> None:
    invoice = _member(event, "invoice")
    if invoice is None or invoice.get("status") == "pending":  # a pending bill is a draft: number and lines may change
        return
    number, account = str(invoice["id"]), _partition(ctx, invoice)
    unit.cursors.set(issued_key(number), str(invoice.get("customer_id") or ""))
    unit.work.add("invoice-publication", account, number, {"invoice": number}, at, str(event["id"]))
    data = present(
        invoice=number, gross=invoice.get("total"), tax=invoice.get("tax"), currency=invoice.get("currency_code"),
        due_at=invoice.get("due_date"), subscription=invoice.get("subscription_id"),
    )  # fmt: skip
    occurred = float(event["occurred_at"])
    unit.events.append(fact("invoice-issued", SYSTEM, number, account, occurred, data, str(event["id"])))
    rated = [_rated(line) for line in invoice.get("line_items") or () if line.get("metered")]
    if rated:
        told = {"invoice": number, "subscription": str(invoice.get("subscription_id") or ""),
                "currency": str(invoice.get("currency_code")), "lines": rated}  # fmt: skip
        unit.events.append(fact("usage-rated", SYSTEM, number, account, occurred, told, str(event["id"])))


def _rated(line: Mapping[str, Any]) -> dict[str, Any]:
    quantity = line.get("quantity_in_decimal") or line.get("quantity")
    return {"item_price": line.get("entity_id"), "quantity": str(quantity), "amount": line.get("amount"),
            "starts": line.get("date_from"), "ends": line.get("date_to")}  # fmt: skip


def _invoice_updated(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> None:
    """Only a version that sales has not seen is work; a bill that was never generated is none."""
    invoice = _member(event, "invoice")
    if invoice is None or invoice.get("status") == "pending":
        return
    number, account = str(invoice["id"]), _partition(ctx, invoice)
    version = invoice.get("resource_version")
    if isinstance(version, int) and version <= int(unit.cursors.get(f"bill/{number}") or 0):
        return
    unit.work.add("invoice-publication", account, number, {"invoice": number}, at, str(event["id"]))


def _payment_succeeded(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> None:
    """A payment that carries a ledger's reference is our own record of it: an echo, and no new fact."""
    transaction = _member(event, "transaction")
    if transaction is None or ctx.keys.born_in_ledger(str(transaction.get("reference_number") or "")):
        return
    if transaction.get("type", "payment") != "payment":
        return
    key, account = ctx.keys.receipt_of_platform(str(transaction["id"])), _partition(ctx, transaction)
    unit.work.add("payment-status", account, key, {"receipt": key}, at, str(event["id"]))
    data = present(
        payment=key, amount=transaction.get("amount"), currency=transaction.get("currency_code"),
        method=transaction.get("payment_method"), received_at=transaction.get("date"),
    )  # fmt: skip
    occurred = float(event["occurred_at"])
    unit.events.append(fact("payment-received", SYSTEM, key, account, occurred, data, str(event["id"])))


def _payment_failed(ctx: Context, unit: Unit, event: Mapping[str, Any], _at: float) -> None:
    """A charge that did not go through. One that fails late had gone through: its reversal tells of that."""
    transaction = _member(event, "transaction")
    if transaction is None or transaction.get("status") == "late_failure":
        return
    key, account = ctx.keys.receipt_of_platform(str(transaction["id"])), _partition(ctx, transaction)
    data = present(
        payment=key, amount=transaction.get("amount"), currency=transaction.get("currency_code"),
        reason=transaction.get("error_text"),
    )  # fmt: skip
    occurred = float(event["occurred_at"])
    unit.events.append(fact("payment-failed", SYSTEM, key, account, occurred, data, str(event["id"])))


def _payment_refunded(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> None:
    """Money that went back. What carries a ledger's reference is our own record of it: an echo."""
    transaction = _member(event, "transaction")
    if transaction is None or ctx.keys.born_in_ledger(str(transaction.get("reference_number") or "")):
        return
    key, account = ctx.keys.receipt_of_platform(str(transaction["id"])), _partition(ctx, transaction)
    unit.work.add("payment-status", account, key, {"receipt": key}, at, str(event["id"]))
    data = present(
        refund=key, amount=transaction.get("amount"), currency=transaction.get("currency_code"),
        method=transaction.get("payment_method"), payment=transaction.get("refunded_txn_id"),
        credits=[str(entry.get("cn_id")) for entry in transaction.get("linked_credit_notes") or ()],
    )  # fmt: skip
    occurred = float(event["occurred_at"])
    unit.events.append(fact("refund-issued", SYSTEM, key, account, occurred, data, str(event["id"])))


def _transaction_created(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> None:
    """Of all new transactions only a reversal is news: the others tell of themselves by events of their own."""
    transaction = _member(event, "transaction")
    if transaction is None or transaction.get("type") != "payment_reversal":
        return
    taken = [str(entry.get("id")) for entry in transaction.get("linked_payments") or ()]
    key, account = ctx.keys.receipt_of_platform(str(transaction["id"])), _partition(ctx, transaction)
    unit.work.add("payment-status", account, key, {"receipt": key}, at, str(event["id"]))
    payment = ctx.keys.receipt_of_platform(taken[0]) if taken else key
    data = present(
        payment=payment, reversal=key, amount=transaction.get("amount"), currency=transaction.get("currency_code"),
    )  # fmt: skip
    occurred = float(event["occurred_at"])
    unit.events.append(fact("payment-reversed", SYSTEM, key, account, occurred, data, str(event["id"])))


def _transaction_updated(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> None:
    """What a payment settles may have changed: its ledger follows, whichever system the payment was born in."""
    transaction = _member(event, "transaction")
    if transaction is None or transaction.get("type", "payment") != "payment":
        return
    reference, account = str(transaction.get("reference_number") or ""), _partition(ctx, transaction)
    born_there = ctx.keys.born_in_ledger(reference)
    key = reference if born_there else ctx.keys.receipt_of_platform(str(transaction["id"]))
    unit.work.add("payment-status", account, key, {"receipt": key}, at, str(event["id"]))


def _credit_note(ctx: Context, unit: Unit, event: Mapping[str, Any], at: float) -> None:
    """Issued is a fact; an update says that what it settles, or its status, may have changed."""
    note = _member(event, "credit_note")
    if note is None:
        return
    number, account = str(note["id"]), _partition(ctx, note)
    if event["event_type"] == "credit_note_created":
        credit_issued(unit, contracts_on(note), number)
        data = present(
            credit=number, gross=note.get("total"), currency=note.get("currency_code"), kind=note.get("type"),
            reason=note.get("reason_code"), invoice=note.get("reference_invoice_id"),
            subscription=note.get("subscription_id"),
        )  # fmt: skip
        occurred = float(event["occurred_at"])
        unit.events.append(fact("credit-memo-issued", SYSTEM, number, account, occurred, data, str(event["id"])))
    unit.work.add("credit-publication", account, number, {"credit": number}, at, str(event["id"]))


HANDLERS: dict[str, Callable[[Context, Unit, Mapping[str, Any], float], None]] = {
    "invoice_generated": _invoice_generated,
    "invoice_updated": _invoice_updated,
    "credit_note_created": _credit_note,
    "credit_note_updated": _credit_note,
    "subscription_changed": contract_signals.subscription_changed,
    "subscription_changed_with_backdating": contract_signals.subscription_changed,
    "subscription_changes_scheduled": contract_signals.subscription_changed,
    "subscription_scheduled_changes_removed": contract_signals.subscription_changed,
    "subscription_renewed": contract_signals.subscription_changed,
    "subscription_cancelled": contract_signals.subscription_changed,
    "contract_term_completed": contract_signals.subscription_changed,
    "contract_term_terminated": contract_signals.subscription_changed,
    "subscription_cancellation_scheduled": contract_signals.subscription_changed,
    "subscription_scheduled_cancellation_removed": contract_signals.subscription_changed,
    "contract_term_created": contract_signals.contract_term_created,
    "contract_term_renewed": contract_signals.contract_term_renewed,
    "payment_succeeded": _payment_succeeded,
    "payment_failed": _payment_failed,
    "payment_refunded": _payment_refunded,
    "transaction_created": _transaction_created,
    "transaction_updated": _transaction_updated,
}
