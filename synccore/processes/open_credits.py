"""Process open-item, of a credit note: what nobody has used of it at a cutover goes to the new ledger as well.

Load, compare, clear, as with a bill's open item: a credit memo against the migration account, without revenue and
without tax, stands in the new ledger before the old one gives the rest of its own away. What the note has settled until
then stays in the old ledger; what it settles from then on, it settles in the new one.
"""

import json
from datetime import date
from functools import partial
from typing import Any

from synccore.domain import calendar
from synccore.domain.credits import Credit
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.legacy import transfer_document
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.postings import LedgerLine, Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.following import following
from synccore.processes.ledger_facts import LedgerFacts, NotInLedger, owner_of
from synccore.processes.ledger_of_record import DECIDED, moves_today, moving_key, moving_topic, wave_at
from synccore.processes.legacy_posting import moved_reference, number_of, park_until_answered, spooled
from synccore.processes.posting_periods import post_by_policy
from synccore.processes.writes import Write

POLICY = "migration"


def migration_account(ctx: Context, unit: Unit) -> str:
    """The old ledger's account that open items are cleared against; parks while there is none, in either ledger."""
    policy = ctx.policy(unit, POLICY)
    if not policy["legacy"] or not policy["erp_item"]:
        reason = "open items are to move, and no account or item is configured that they are cleared against"
        actions, topics = ("set_policy", "retry", "abandon"), (f"policy:{POLICY}",)
        raise Parked(reason, (Finding("migration_unmapped", reason, "finance", actions, topics),))
    return str(policy["legacy"])


def loaded_wrong(number: str, amount: int, found: Found | None) -> Parked:
    """Nothing is cleared before the new ledger says itself that it carries as much."""
    there = "is not there" if found is None else f"is there with {found.amount}"
    reason = f"the open item of {number} over {amount} was loaded and {there} (minor units)"
    actions = ("fix_target", "retry", "abandon")
    return Parked(reason, (Finding("posting_differs", reason, "finance", actions, ()),))


def new_facts(ctx: Context, customer_id: str, unit: Unit) -> LedgerFacts:
    """As the new ledger sees what a customer has open; raises NotInLedger while the customer is not there."""
    owner = owner_of(ctx, unit, customer_id)
    entity, customer = owner.entity.within("cloud"), unit.links.external("customer", customer_id, "erp_cloud")
    if customer is None:
        raise NotInLedger(customer_id, owner, entity)
    return LedgerFacts(owner.account, owner.entity_key, entity, None, {}, customer, "")


def used_key(number: str) -> str:
    """Where it stands what a credit note had settled before the rest of it moved: bill -> minor units."""
    return f"used-before-move/{number}"


async def move_credit(ctx: Context, run: Run, number: str) -> None:
    """Bring what is left of a credit note over; it is the new ledger's from then on."""

    async def read() -> Any:
        found = await ctx.platform.credit(number)
        return found.model_dump(mode="json") if found is not None else None

    row = await run.step("credit", read)
    if row is None:
        return
    credit = Credit.model_validate(row)
    plan = await run.step("plan", lambda: ctx.db.run(partial(_planned, ctx, credit)))
    if plan is None:
        return
    facts = await following(ctx, run, credit.customer_id, credit.currency, partial(new_facts, ctx, credit.customer_id))
    load = partial(
        load_memo, ctx, facts, plan, credit.id, currency=credit.currency, cause=f"credit:{credit.id}",
        text=f"Open item of {credit.id}", since=calendar.day(credit.issued_at, facts.entity.zone).isoformat(),
    )  # fmt: skip
    loaded = str(await run.step("load", load))
    await run.step("compare", partial(compare_memo, ctx, credit.id, int(plan["amount"]), credit.currency))
    answer = await run.step("clear", lambda: ctx.db.run(partial(_cleared, ctx, credit, facts.account, plan)))
    park_until_answered(str(plan["reference"]), answer)
    await run.step("moved", lambda: ctx.db.run(partial(_moved, ctx, credit, facts.account, plan, loaded)))


def _planned(ctx: Context, credit: Credit, unit: Unit) -> Any:
    """What moves, decided once; None: nothing of it."""
    owner = owner_of(ctx, unit, credit.customer_id)
    document = unit.links.external("credit", credit.id, "erp_legacy")
    if document is None or unit.links.external("credit", credit.id, "erp_cloud") is not None:
        return None
    kept = json.loads(unit.cursors.get(moving_key(credit.id)) or "null")
    if kept is not None:
        return kept
    moves = wave_at(ctx, unit, owner.entity) is not None and moves_today(ctx, owner.entity)
    if not moves or credit.available <= 0 or credit.status == "voided":
        return None
    plan = {
        "amount": credit.available, "document": document, "reference": moved_reference(credit.id),
        "on": calendar.day(ctx.clock.now(), owner.entity.zone).isoformat(), "account": migration_account(ctx, unit),
        "company": owner.entity.company_code, "used": credit.allocations,
        "customer": unit.links.external("customer", credit.customer_id, "erp_legacy") or "",
    }  # fmt: skip
    unit.cursors.set(moving_key(credit.id), json.dumps(plan))
    return plan


async def load_memo(
    ctx: Context, facts: LedgerFacts, plan: Any, number: str, *, currency: str, cause: str, text: str, since: str
) -> str:
    """Id of the credit memo that carries what is open of `number`; `since`: the day that it has in the old ledger."""
    assert ctx.cloud is not None
    cloud, amount = ctx.cloud, int(plan["amount"])
    item = str((await ctx.db.run(lambda unit: ctx.policy(unit, POLICY)))["erp_item"])
    line = LedgerLine(item, text, "1", amount, 0, "0", "", untaxed=True)
    posting = Posting(
        external_id=ctx.keys.erp_open_item(number), number=number, customer=facts.customer,
        subsidiary=facts.entity.subsidiary, currency=currency, on=date.fromisoformat(plan["on"]), due=None,
        po_number="", gross=amount, lines=(line,), memo=f"MIG {plan['document']} of {since}",
    )  # fmt: skip

    async def look() -> Found | None:
        return await cloud.credit_memo(posting.external_id, currency)

    async def send(_refusals: int) -> str:
        return await post_by_policy(ctx, posting, lambda one: cloud.create_credit(one, {}))

    key = ctx.keys.effect("erp_cloud", "open-item", posting.external_id)
    return str(await ctx.once(ctx, Write(key, "erp_cloud", "open-item", cause, amount=amount), send, look))


async def compare_memo(ctx: Context, number: str, amount: int, currency: str) -> None:
    """Parks unless the new ledger holds what was loaded into it."""
    assert ctx.cloud is not None
    found = await ctx.cloud.credit_memo(ctx.keys.erp_open_item(number), currency)
    if found is None or found.amount != amount:
        raise loaded_wrong(number, amount, found)


def _cleared(ctx: Context, credit: Credit, account: str, plan: Any, unit: Unit) -> dict[str, str]:
    content: Any = transfer_document(
        credit.id, ctx.keys.legacy_transfer(credit.id), str(plan["company"]), str(plan["customer"]), credit.currency,
        int(plan["amount"]), date.fromisoformat(plan["on"]), str(plan["account"]), number_of(str(plan["document"])),
        credit=True,
    ).model_dump(mode="json")  # fmt: skip
    return spooled(ctx, unit, "BILL", str(plan["reference"]), content, account, f"credit:{credit.id}")


def _moved(ctx: Context, credit: Credit, account: str, plan: Any, loaded: str, unit: Unit) -> None:
    at = ctx.clock.now()
    unit.cursors.set(moving_key(credit.id), "")
    unit.cursors.set(used_key(credit.id), json.dumps(plan["used"]))
    unit.work.wake(moving_topic(credit.id), at)
    unit.links.put(DECIDED, f"credit:{credit.id}", "erp_legacy", f"credit:{credit.id}")
    unit.links.put("credit", credit.id, "erp_cloud", loaded)
    data = {"invoice": credit.id, "ledger": "erp_cloud", "document": loaded, "amount": -int(plan["amount"]),
            "currency": credit.currency}  # fmt: skip
    unit.events.append(fact("open-item-moved", "erp_cloud", credit.id, account, at, data, f"credit:{credit.id}"))
    unit.work.add("credit-publication", account, credit.id, {"credit": credit.id}, at, "open-item-moved")


def left_to_settle(unit: Unit, credit: Credit) -> dict[str, int]:
    """What a note settles in the ledger that has it now: all, but for what it had settled before it moved."""
    before: dict[str, int] = json.loads(unit.cursors.get(used_key(credit.id)) or "{}")
    left = {number: amount - before.get(number, 0) for number, amount in credit.allocations.items()}
    return {number: amount for number, amount in left.items() if amount > 0}
