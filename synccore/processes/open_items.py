"""Processes open-items and open-item: what is open at a cutover goes to the new ledger, bill by bill.

Load, compare, clear. The item is loaded into the new ledger as an invoice of its own against the migration account
there: without revenue and without tax, which the old ledger has declared, under the bill's number and due day. When
what stands there has been read back as it should be, the old ledger clears it against its own migration account, by a
document of the same day, in its nightly window. Between the two it stands in both, and nothing may settle it: money and
credit notes of the bill wait. What the old ledger refuses to give away, because it was paid there in the very night, is
taken off in the new one by a credit memo against the migration account, and the rest is cleared a night later. Each
document has a key of its own, so that a crash between any two of them leads to no third. The vendor of the cloud ledger
lets an item post to any account ("Expand Account Lists", NetSuite's accounting preferences), which is how open
receivables are commonly brought into it.
"""

import json
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import CASH
from synccore.domain.legacy import transfer_document
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.postings import LedgerLine, Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context, entity_of
from synccore.processes.following import following
from synccore.processes.ledger_facts import LedgerFacts, owner_of
from synccore.processes.ledger_of_record import DECIDED, moves_today, moving_key, moving_topic, wave_at
from synccore.processes.legacy_posting import (
    answer_of,
    moved_reference,
    number_of,
    park_until_answered,
    spooled,
    unanswered,
)
from synccore.processes.open_cash import WINDOW, move_cash, on_account
from synccore.processes.open_credits import POLICY, loaded_wrong, migration_account, move_credit, new_facts
from synccore.processes.posting_periods import post_by_policy
from synccore.processes.short_payments import DISCOUNT, reason_key, short_key
from synccore.processes.writes import Write

WAVE, ITEM = "open-items", "open-item"


def plan_waves(ctx: Context, unit: Unit) -> None:
    """Put the move of the open items of each entity that has one into the list of work, once. What waits for it
    looks whether there is one still.
    """
    unit.work.wake(WINDOW, ctx.clock.now())
    for key in unit.mappings.all("entities"):
        entity = entity_of(unit, key)
        due = wave_at(ctx, unit, entity) if entity is not None else None
        name = f"{key}@{entity.cutover.on.isoformat()}" if entity is not None and entity.cutover is not None else ""
        if due is not None and unit.cursors.get(f"wave/{name}") is None:
            unit.work.add(WAVE, WAVE, name, {"entity": key, "name": name}, due, f"cutover of {key}")


class OpenItems:
    """Process open-items: every bill, credit note and payment on account that is open in the old ledger is put into
    the list of work.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"entity", "name"}."""
        ctx, key = self._ctx, str(argument["entity"])

        def look(unit: Unit) -> tuple[float | None, list[str]]:
            entity = entity_of(unit, key)
            customers = unit.links.all("customer", "erp_legacy").values()
            due = wave_at(ctx, unit, entity) if entity is not None else None
            return due, sorted(one for one in customers if ctx.keys.entity_of(one) == key)

        due, customers = await ctx.db.run(look)
        if due is None or ctx.clock.now() < due:
            return  # the move was taken back, or put off: the mapping's change has planned it anew
        for customer in customers:
            await run.step(f"plan-{customer}", partial(self._plan, customer))
        await run.step("plan-cash", lambda: ctx.db.run(partial(self._plan_cash, key)))
        await run.step("done", lambda: ctx.db.run(lambda unit: unit.cursors.set(f"wave/{argument['name']}", "done")))

    def _plan_cash(self, entity: str, unit: Unit) -> int:
        """Payments with cash on account; what would use it waits from now on."""
        ctx, found = self._ctx, 0
        for key in sorted(unit.links.all(CASH, "erp_legacy")):
            receipt = on_account(unit, key)
            if receipt is None or ctx.keys.entity_of(receipt.customer) != entity:
                continue
            if unit.links.external(CASH, key, "erp_cloud") is None and not unit.cursors.get(moving_key(key)):
                unit.cursors.set(moving_key(key), "null")
                add_item(ctx, unit, key, ctx.keys.account_of(receipt.customer), "cutover")
                found += 1
        return found

    async def _plan(self, customer: str) -> int:
        ctx = self._ctx
        bills, credits_ = await ctx.platform.open_bills(customer), await ctx.platform.open_credits(customer)

        def add(unit: Unit) -> int:
            mine = [bill.id for bill in bills if unit.links.external("invoice", bill.id, "erp_legacy") is not None]
            mine += [note.id for note in credits_ if unit.links.external("credit", note.id, "erp_legacy") is not None]
            for number in mine:
                add_item(ctx, unit, number, ctx.keys.account_of(customer), "cutover")
            return len(mine)

        return int(await ctx.db.run(add))


def add_item(ctx: Context, unit: Unit, number: str, account: str, cause: str) -> None:
    """Have the open item of a bill, or what is left of a credit note, moved."""
    unit.work.add(ITEM, account, number, {"moved": number}, ctx.clock.now(), cause)


def note_reopened(ctx: Context, unit: Unit, number: str, amount: int, account: str, cause: str) -> None:
    """The old ledger has opened a bill again, as a payment of it came back: it moves, unless its item has moved before.

    Then it was paid in part by then, and came back where it was paid; what that opened, the new ledger does not carry.
    No rule of a migration says who asks for it (an item is loaded once): that is for finance.
    """
    held = [unit.links.external("invoice", number, system) for system in ("erp_legacy", "erp_cloud")]
    if all(held):
        unit.cursors.set(reopened_key(number), f"{amount} by {cause}")
    if held[0]:
        add_item(ctx, unit, number, account, cause)


def reopened_key(number: str) -> str:
    """Where it stands what the old ledger has open again of a bill whose item has moved: <minor units> by <receipt>."""
    return f"reopened/{number}"


async def follow_late(ctx: Context, run: Run, number: str, left: int, facts: LedgerFacts) -> None:
    """A bill or credit note that the old ledger has posted after its items were moved, or that is open there again,
    moves too. `left`: what is open of it, minor units.
    """
    if facts.moves_at is None or left <= 0 or ctx.clock.now() < facts.moves_at:
        return

    def add(unit: Unit) -> None:
        add_item(ctx, unit, number, facts.account, f"late:{number}")

    await run.step("open-item", lambda: ctx.db.run(add))


class OpenItem:
    """Process open-item: one bill's open item, loaded into the new ledger, compared, and cleared in the old one."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"moved": number of the bill or of a credit note, or key of a payment}."""
        ctx, number = self._ctx, str(argument["moved"])
        if ctx.keys.born_in_ledger(number):
            await move_cash(ctx, run, number)
            return
        row = await run.step("bill", lambda: self._read(number))
        bill = Bill.model_validate(row) if row is not None else None
        if bill is None:
            await move_credit(ctx, run, number)
            return
        plan = await run.step("plan", lambda: ctx.db.run(partial(_planned, ctx, bill)))
        if plan is None:
            return
        facts = await following(ctx, run, bill.customer_id, bill.currency, partial(new_facts, ctx, bill.customer_id))
        loaded = str(await run.step("load", lambda: self._load(bill, facts, plan)))
        await run.step("compare", lambda: self._compare(bill, plan))
        for attempt in range(2, len(plan["amounts"]) + 1):
            await run.step(f"less-{attempt}", partial(self._less, bill, facts, plan, loaded, attempt))
        if plan["amounts"][-1]:
            answer = await run.step("clear", lambda: ctx.db.run(partial(_cleared, ctx, bill, facts.account, plan)))
            park_until_answered(str(plan["reference"]), answer)
        await run.step("moved", lambda: ctx.db.run(partial(_moved, ctx, bill, facts.account, plan, loaded)))

    async def _read(self, number: str) -> Any:
        bill = await self._ctx.platform.bill(number)
        return bill.model_dump(mode="json") if bill is not None else None

    async def _posting(self, bill: Bill, facts: LedgerFacts, plan: Any, external_id: str, amount: int) -> Posting:
        """Dated like its clearing, so that both ledgers together owe the same at the end of each day."""
        ctx, zone = self._ctx, facts.entity.zone
        item = str((await ctx.db.run(lambda unit: ctx.policy(unit, POLICY)))["erp_item"])
        line = LedgerLine(item, f"Open item of {bill.id}", "1", amount, 0, "0", "", untaxed=True)
        return Posting(
            external_id=external_id, number=bill.id, customer=facts.customer,
            subsidiary=facts.entity.subsidiary, currency=bill.currency, on=date.fromisoformat(plan["on"]),
            due=calendar.day(bill.due_at, zone) if bill.due_at is not None else None, po_number=bill.po_number,
            gross=amount, lines=(line,),
            memo=f"MIG {plan['document']} of {calendar.day(bill.issued_at, zone).isoformat()}",
        )  # fmt: skip

    async def _load(self, bill: Bill, facts: LedgerFacts, plan: Any) -> str:
        """The invoice that carries it; returns its internal id."""
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud, amount = ctx.cloud, int(plan["amounts"][0])
        posting = await self._posting(bill, facts, plan, ctx.keys.erp_open_item(bill.id), amount)

        async def look() -> Found | None:
            return await cloud.invoice(posting.external_id, bill.currency)

        async def send(_refusals: int) -> str:
            return await post_by_policy(ctx, posting, cloud.create_invoice)

        return str(await ctx.once(ctx, self._write(bill, posting), send, look))

    def _write(self, bill: Bill, posting: Posting) -> Write:
        key = self._ctx.keys.effect("erp_cloud", "open-item", posting.external_id)
        return Write(key, "erp_cloud", "open-item", f"bill:{bill.id}", amount=posting.gross)

    async def _compare(self, bill: Bill, plan: Any) -> None:
        """Parks when the new ledger carries something else than was loaded."""
        ctx, amount = self._ctx, int(plan["amounts"][0])
        assert ctx.cloud is not None
        found = await ctx.cloud.invoice(ctx.keys.erp_open_item(bill.id), bill.currency)
        if found is None or found.amount != amount:
            raise loaded_wrong(bill.id, amount, found)

    async def _less(self, bill: Bill, facts: LedgerFacts, plan: Any, loaded: str, attempt: int) -> str:
        """What the old ledger did not give away, taken off again: a credit memo set against what was loaded."""
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud, amount = ctx.cloud, int(plan["amounts"][attempt - 2]) - int(plan["amounts"][attempt - 1])
        posting = await self._posting(bill, facts, plan, ctx.keys.erp_open_item_less(bill.id, attempt), amount)
        posting = replace(posting, number=f"{bill.id}-M{attempt}", due=None, po_number="")

        async def look() -> Found | None:
            return await cloud.credit_memo(posting.external_id, bill.currency)

        async def send(_refusals: int) -> str:
            return await post_by_policy(ctx, posting, lambda one: cloud.create_credit(one, {loaded: amount}))

        return str(await ctx.once(ctx, self._write(bill, posting), send, look))


def _planned(ctx: Context, bill: Bill, unit: Unit) -> Any:
    """What is moved, decided once: `amounts` is what was loaded, and then what is to be cleared after each refusal.

    None: there is nothing to move.
    """
    owner = owner_of(ctx, unit, bill.customer_id)
    due = wave_at(ctx, unit, owner.entity)
    document = unit.links.external("invoice", bill.id, "erp_legacy")
    if unit.links.external("invoice", bill.id, "erp_cloud") is not None:
        _park_reopened(unit, bill.id)
        return None
    if document is None:
        return None
    kept = json.loads(unit.cursors.get(moving_key(bill.id)) or "null")
    if kept is None and (due is None or bill.due <= 0 or not bill.posted or not moves_today(ctx, owner.entity)):
        return None
    if kept is not None:
        answer = answer_of(unit, str(kept["reference"]))
        refused = answer is not None and answer["status"] not in ("50", "53", "62", "64")
        if not refused or bill.due >= kept["amounts"][-1]:
            return kept
    note = unit.cursors.get(short_key(bill.id))
    discount = note and unit.cursors.get(reason_key(bill.id)) == DISCOUNT
    if note and discount and unit.links.external("credit", note, "erp_legacy") is None:
        why = f"{note} stands for a discount that went back with its payment, and is not posted yet"
        raise Parked(why, waiting_on=(f"credit:{note}",))
    pending = unanswered(unit, bill.id)
    if pending:
        topics = tuple(f"file:{one}" for one in pending)
        raise Parked(f"{', '.join(pending)} of {bill.id} is on its way to the old ledger", waiting_on=topics)
    amounts = [*(kept["amounts"] if kept is not None else ()), max(0, bill.due)]
    plan = kept or {
        "document": document, "on": calendar.day(ctx.clock.now(), owner.entity.zone).isoformat(),
        "account": migration_account(ctx, unit), "company": owner.entity.company_code,
        "customer": unit.links.external("customer", bill.customer_id, "erp_legacy") or "",
    }  # fmt: skip
    plan = {**plan, "amounts": amounts, "reference": moved_reference(bill.id, len(amounts))}
    unit.cursors.set(moving_key(bill.id), json.dumps(plan))
    return plan


def _park_reopened(unit: Unit, number: str) -> None:
    reopened = unit.cursors.get(reopened_key(number))
    if reopened:
        reason = (
            f"the old ledger has {reopened} of {number} open again (minor units), whose open item had moved by then"
        )
        raise Parked(reason, (Finding("reopened_after_move", reason, "finance", ("correct_in_ledger", "abandon"), ()),))


def _cleared(ctx: Context, bill: Bill, account: str, plan: Any, unit: Unit) -> dict[str, str]:
    """The document that clears it in the old ledger, spooled once, and what has come of it."""
    reference = ctx.keys.legacy_transfer(bill.id, len(plan["amounts"]))
    content: Any = transfer_document(
        bill.id, reference, str(plan["company"]), str(plan["customer"]), bill.currency, int(plan["amounts"][-1]),
        date.fromisoformat(plan["on"]), str(plan["account"]), number_of(str(plan["document"])),
    ).model_dump(mode="json")  # fmt: skip
    return spooled(ctx, unit, "BILL", str(plan["reference"]), content, account, f"bill:{bill.id}")


def _moved(ctx: Context, bill: Bill, account: str, plan: Any, loaded: str, unit: Unit) -> None:
    """From now on the bill is the new ledger's; one that was paid in the old one meanwhile stays there, settled."""
    at, amount = ctx.clock.now(), int(plan["amounts"][-1])
    unit.cursors.set(moving_key(bill.id), "")
    unit.work.wake(moving_topic(bill.id), at)
    if not amount:
        return
    unit.links.put(DECIDED, f"invoice:{bill.id}", "erp_legacy", f"invoice:{bill.id}")
    unit.links.put("invoice", bill.id, "erp_cloud", loaded)
    data = {"invoice": bill.id, "ledger": "erp_cloud", "document": loaded, "amount": amount, "currency": bill.currency}
    unit.events.append(fact("open-item-moved", "erp_cloud", bill.id, account, at, data, f"bill:{bill.id}"))
    unit.work.add("invoice-publication", account, bill.id, {"invoice": bill.id}, at, "open-item-moved")
