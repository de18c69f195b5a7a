"""Processes open-items and open-item: what is open at a cutover goes to the new ledger, bill by bill.

The old ledger clears the item against its migration account first, in its nightly window. Only what it has posted is
carried in the new one, as an invoice of its own against the migration account there: without revenue and without tax,
which the old ledger has declared, under the bill's number and due day. Money and credit notes of the bill wait while it
is on its way. The vendor of the cloud ledger lets an item post to any account ("Expand Account Lists", NetSuite's
accounting preferences), which is how open receivables are commonly brought into it.
"""

import json
from datetime import date
from functools import partial
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.legacy import transfer_document
from synccore.domain.mappings import Entity
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.postings import LedgerLine, Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context, entity_of
from synccore.processes.following import following
from synccore.processes.ledger_facts import LedgerFacts, NotInLedger, owner_of
from synccore.processes.ledger_of_record import DECIDED, moving_key, moving_topic, wave_at
from synccore.processes.legacy_posting import (
    answer_of,
    moved_reference,
    number_of,
    park_until_answered,
    spooled,
    unanswered,
)
from synccore.processes.posting_periods import post_by_policy
from synccore.processes.writes import Write

WAVE, ITEM, POLICY = "open-items", "open-item", "migration"


def plan_waves(ctx: Context, unit: Unit) -> None:
    """Put the move of the open items of each entity that has one into the list of work, once."""
    for key in unit.mappings.all("entities"):
        entity = entity_of(unit, key)
        due = wave_at(ctx, unit, entity) if entity is not None else None
        name = f"{key}@{entity.cutover.on.isoformat()}" if entity is not None and entity.cutover is not None else ""
        if due is not None and unit.cursors.get(f"wave/{name}") is None:
            unit.work.add(WAVE, WAVE, name, {"entity": key, "name": name}, due, f"cutover of {key}")


class OpenItems:
    """Process open-items: every bill that is open in the old ledger is put into the list of work."""

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
        await run.step("done", lambda: ctx.db.run(lambda unit: unit.cursors.set(f"wave/{argument['name']}", "done")))

    async def _plan(self, customer: str) -> int:
        ctx = self._ctx
        bills = await ctx.platform.open_bills(customer)

        def add(unit: Unit) -> int:
            mine = [bill for bill in bills if unit.links.external("invoice", bill.id, "erp_legacy") is not None]
            for bill in mine:
                add_item(ctx, unit, bill.id, ctx.keys.account_of(customer), "cutover")
            return len(mine)

        return int(await ctx.db.run(add))


def add_item(ctx: Context, unit: Unit, number: str, account: str, cause: str) -> None:
    """Have the open item of a bill moved."""
    unit.work.add(ITEM, account, number, {"moved": number}, ctx.clock.now(), cause)


async def follow_late(ctx: Context, run: Run, bill: Bill, facts: LedgerFacts) -> None:
    """A bill that the old ledger has posted after its items were moved, or that is open there again, moves too."""
    if facts.moves_at is None or bill.due <= 0 or ctx.clock.now() < facts.moves_at:
        return

    def add(unit: Unit) -> None:
        add_item(ctx, unit, bill.id, facts.account, f"bill:{bill.id}")

    await run.step("open-item", lambda: ctx.db.run(add))


class OpenItem:
    """Process open-item: one bill's open item, cleared in the old ledger and then carried in the new one."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"moved": number of the bill}."""
        ctx, number = self._ctx, str(argument["moved"])
        row = await run.step("bill", lambda: self._read(number))
        bill = Bill.model_validate(row) if row is not None else None
        if bill is None or not bill.posted:
            return
        plan = await run.step("clear", lambda: ctx.db.run(partial(_clear, ctx, bill)))
        if plan is None:
            return
        park_until_answered(str(plan["reference"]), plan["answer"])
        facts = await following(ctx, run, bill.customer_id, bill.currency, partial(_new_facts, ctx, bill))
        await run.step("carry", lambda: self._carry(bill, facts, plan))

    async def _read(self, number: str) -> Any:
        bill = await self._ctx.platform.bill(number)
        return bill.model_dump(mode="json") if bill is not None else None

    async def _carry(self, bill: Bill, facts: LedgerFacts, plan: Any) -> str:
        """The invoice that carries it: dated like its clearing, so that both ledgers together owe the same each day."""
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud, amount, zone = ctx.cloud, int(plan["amount"]), facts.entity.zone
        item = str((await ctx.db.run(lambda unit: ctx.policy(unit, POLICY)))["erp_item"])
        document, issued = str(plan["document"]), calendar.day(bill.issued_at, zone).isoformat()
        line = LedgerLine(item, f"Open item of {bill.id}", "1", amount, 0, "0", "", untaxed=True)
        posting = Posting(
            external_id=ctx.keys.erp_open_item(bill.id), number=bill.id, customer=facts.customer,
            subsidiary=facts.entity.subsidiary, currency=bill.currency, on=date.fromisoformat(plan["on"]),
            due=calendar.day(bill.due_at, zone) if bill.due_at is not None else None, po_number=bill.po_number,
            gross=amount, lines=(line,), memo=f"MIG {document} of {issued}",
        )  # fmt: skip

        async def look() -> Found | None:
            return await cloud.invoice(posting.external_id, bill.currency)

        async def send(_refusals: int) -> str:
            return await post_by_policy(ctx, posting, cloud.create_invoice)

        def settled(unit: Unit, internal_id: Any) -> None:
            at = ctx.clock.now()
            unit.links.put(DECIDED, f"invoice:{bill.id}", "erp_legacy", f"invoice:{bill.id}")
            unit.links.put("invoice", bill.id, "erp_cloud", str(internal_id))
            unit.cursors.set(moving_key(bill.id), "")
            data = {"invoice": bill.id, "ledger": "erp_cloud", "document": str(internal_id), "amount": amount,
                    "currency": bill.currency}  # fmt: skip
            told = fact("open-item-moved", "erp_cloud", bill.id, facts.account, at, data, f"bill:{bill.id}")
            unit.events.append(told)
            unit.work.wake(moving_topic(bill.id), at)
            unit.work.add("invoice-publication", facts.account, bill.id, {"invoice": bill.id}, at, "open-item-moved")

        key = ctx.keys.effect("erp_cloud", "open-item", posting.external_id)
        write = Write(key, "erp_cloud", "open-item", f"bill:{bill.id}", amount=amount)
        return str(await ctx.once(ctx, write, send, look, settled))


def _clear(ctx: Context, bill: Bill, unit: Unit) -> Any:
    """What is cleared in the old ledger, decided once, and what has come of it; None: there is nothing to move."""
    owner = owner_of(ctx, unit, bill.customer_id)
    due = wave_at(ctx, unit, owner.entity)
    document = unit.links.external("invoice", bill.id, "erp_legacy")
    if document is None or unit.links.external("invoice", bill.id, "erp_cloud") is not None:
        return None
    kept = json.loads(unit.cursors.get(moving_key(bill.id)) or "null")
    if kept is None and (due is None or bill.due <= 0 or not _moves_today(ctx, owner.entity)):
        return None
    if kept is not None:
        answer = answer_of(unit, str(kept["reference"]))
        refused = answer is not None and answer["status"] not in ("50", "53", "62", "64")
        if not refused or bill.due == kept["amount"]:
            return {**kept, "answer": _sent(ctx, unit, bill, kept, owner.account)}
        if bill.due <= 0:  # paid in the old ledger in the very night: it is settled there
            unit.cursors.set(moving_key(bill.id), "")
            unit.work.wake(moving_topic(bill.id), ctx.clock.now())
            return None
    pending = unanswered(unit, bill.id)
    if pending:
        topics = tuple(f"file:{one}" for one in pending)
        raise Parked(f"{', '.join(pending)} of {bill.id} is on its way to the old ledger", waiting_on=topics)
    plan = {
        "reference": moved_reference(bill.id, int(kept["attempt"]) + 1 if kept is not None else 1),
        "attempt": int(kept["attempt"]) + 1 if kept is not None else 1, "amount": bill.due, "document": document,
        "on": calendar.day(ctx.clock.now(), owner.entity.zone).isoformat(),
        "account": _account(ctx, unit), "company": owner.entity.company_code,
        "customer": unit.links.external("customer", bill.customer_id, "erp_legacy") or "",
    }  # fmt: skip
    unit.cursors.set(moving_key(bill.id), json.dumps(plan))
    return {**plan, "answer": _sent(ctx, unit, bill, plan, owner.account)}


def _moves_today(ctx: Context, entity: Entity) -> bool:
    return entity.cutover is not None and entity.cutover.transfers(calendar.day(ctx.clock.now(), entity.zone))


def _account(ctx: Context, unit: Unit) -> str:
    policy = ctx.policy(unit, POLICY)
    if not policy["legacy"] or not policy["erp_item"]:
        reason = "open items are to move, and no account or item is configured that they are cleared against"
        actions, topics = ("set_policy", "retry", "abandon"), (f"policy:{POLICY}",)
        raise Parked(reason, (Finding("migration_unmapped", reason, "finance", actions, topics),))
    return str(policy["legacy"])


def _sent(ctx: Context, unit: Unit, bill: Bill, plan: Any, account: str) -> dict[str, str]:
    reference = ctx.keys.legacy_transfer(bill.id, int(plan["attempt"]))
    content: Any = transfer_document(
        bill.id, reference, str(plan["company"]), str(plan["customer"]), bill.currency, int(plan["amount"]),
        date.fromisoformat(plan["on"]), str(plan["account"]), number_of(str(plan["document"])),
    ).model_dump(mode="json")  # fmt: skip
    return spooled(ctx, unit, "BILL", str(plan["reference"]), content, account, f"bill:{bill.id}")


def _new_facts(ctx: Context, bill: Bill, unit: Unit) -> LedgerFacts:
    """As the new ledger sees the bill; raises NotInLedger while its customer is not there."""
    owner = owner_of(ctx, unit, bill.customer_id)
    entity, customer = owner.entity.within("cloud"), unit.links.external("customer", bill.customer_id, "erp_cloud")
    if customer is None:
        raise NotInLedger(bill.customer_id, owner, entity)
    return LedgerFacts(owner.account, owner.entity_key, entity, None, {}, customer, "")
