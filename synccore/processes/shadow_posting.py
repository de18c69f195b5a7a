"""Process shadow-posting: a dual run. What the ledger of record gets, the ledger of tomorrow gets too, for comparison.

Its documents stand in a subsidiary of their own, under keys and a customer of their own: no report of the entity counts
them, and nothing settles them. They are never written back, and a document that cannot be posted there keeps nobody
from the one of record.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal, cast

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.credits import Credit
from synccore.domain.keys import digest
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.postings import LedgerLine, Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context, items_by_line, taxes_of
from synccore.processes.customer_sync import ledger_fields
from synccore.processes.ledger_facts import LedgerFacts, owner_of
from synccore.processes.ledger_lines import cloud_lines, written_off_to
from synccore.processes.posting_periods import post_by_policy
from synccore.processes.writes import Write

SHADOWS = "shadow-posting"
Kind = Literal["invoice", "credit"]


def subject(number: str) -> str:
    """What work on a document's shadow is about: not the document itself, which needs no shadow."""
    return f"{number}/shadow"


async def plan_shadow(ctx: Context, run: Run, kind: Kind, number: str, facts: LedgerFacts) -> None:
    """Have a document posted in the ledger of tomorrow as well, if its day is one of a dual run."""
    if not facts.shadow:
        return
    argument = {"kind": kind, "number": number}

    def add(unit: Unit) -> None:
        unit.work.add(SHADOWS, facts.account, subject(number), argument, ctx.clock.now(), f"{kind}:{number}")

    await run.step("shadow", lambda: ctx.db.run(add))


class ShadowPosting:
    """Posts one document once, and takes it back when the platform voids it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"kind": invoice or credit, "number"}."""
        ctx, kind, number = self._ctx, cast("Kind", argument["kind"]), str(argument["number"])
        row = await run.step("document", lambda: self._read(kind, number))
        if row is None:
            return
        bill, original = Bill.model_validate(row["bill"]), Bill.model_validate(row["original"])
        known = await ctx.db.run(lambda unit: _facts(ctx, unit, original))
        if known is None:
            return  # the dual run was taken back before it came to this document
        facts = replace(known, customer=str(await run.step("customer", lambda: self._customer(bill, known))))
        instead = await written_off_to(ctx, Credit.model_validate(row["credit"]), facts) if row["credit"] else None
        on = calendar.day(original.issued_at, facts.entity.zone)
        lines = await cloud_lines(ctx, bill, facts, on, instead)
        key = ctx.keys.erp_invoice(number) if kind == "invoice" else ctx.keys.erp_credit(number)
        if bill.status != "voided":
            await run.step(
                "post", lambda: self._post(kind, _cause(kind, number), _posting(ctx, bill, facts, key, lines))
            )
        else:
            twin = await run.step("posted", lambda: self._standing(kind, key, bill.currency))
            if twin:
                on = _day_of_void(ctx, row, facts)
                await run.step("void", lambda: self._void(kind, number, str(twin), bill, facts, lines, on))

    async def _read(self, kind: Kind, number: str) -> Any:
        """The document as a bill, the bill whose day and rates it follows, and the credit note if it is one."""
        platform = self._ctx.platform
        credit = await platform.credit(number) if kind == "credit" else None
        original = await platform.bill(credit.bill if credit is not None else number)
        if original is None or (kind == "credit" and credit is None):
            return None
        bill = credit.as_bill() if credit is not None else original
        return {"bill": bill.model_dump(mode="json"), "original": original.model_dump(mode="json"),
                "credit": credit.model_dump(mode="json") if credit is not None else None}  # fmt: skip

    async def _customer(self, bill: Bill, facts: LedgerFacts) -> str:
        """Its customer there, made when its first document comes; returns the internal id."""
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud, external_id = ctx.cloud, ctx.keys.shadow(ctx.keys.erp_customer(bill.customer_id))
        account = await ctx.salesforce.account(facts.account)
        if account is None:
            raise Parked(f"account {facts.account} is gone", waiting_on=(f"account:{facts.account}",))
        fields = ledger_fields(account, facts.entity, bill.currency)

        async def look() -> Found | None:
            return await cloud.customer(external_id)

        async def create(_refusals: int) -> str:
            return await cloud.create_customer(external_id, fields)

        async def update(reference: Any) -> str:
            return await cloud.update_customer(str(reference), fields)

        key = ctx.keys.effect("erp_cloud", "shadow-customer", external_id)
        write = Write(key, "erp_cloud", "shadow-customer", f"account:{account.id}", digest(fields))
        return str(await ctx.level(ctx, write, look, create, update))

    async def _post(self, kind: Kind, cause: str, posting: Posting, settles: Mapping[str, int] | None = None) -> str:
        """Returns its internal id there. Money is not doubled: all that it may settle is what it takes back."""
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud = ctx.cloud

        async def look() -> Found | None:
            find = cloud.invoice if kind == "invoice" else cloud.credit_memo
            return await find(posting.external_id, posting.currency)

        async def send(_refusals: int) -> str:
            if kind == "invoice":
                return await post_by_policy(ctx, posting, cloud.create_invoice)
            return await post_by_policy(ctx, posting, lambda one: cloud.create_credit(one, settles or {}))

        key = ctx.keys.effect("erp_cloud", f"shadow-{kind}", posting.external_id)
        write = Write(key, "erp_cloud", f"shadow-{kind}", cause, amount=posting.gross)
        return str(await ctx.once(ctx, write, send, look))

    async def _void(
        self, kind: Kind, number: str, twin: str, bill: Bill, facts: LedgerFacts, lines: tuple[LedgerLine, ...],
        on: date,
    ) -> str:  # fmt: skip
        """What takes a document back there, as in a ledger of record: the one set against the other."""
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud = ctx.cloud
        key = ctx.keys.erp_void(number) if kind == "invoice" else ctx.keys.erp_credit_void(number)
        posting = replace(_posting(ctx, bill, facts, key, lines), number=f"{number}-V", on=on, due=on, po_number="")
        if kind == "invoice":
            return await self._post("credit", _cause(kind, number), posting, {twin: bill.gross})
        back = await self._post("invoice", _cause(kind, number), posting)
        settles = {back: bill.gross}

        async def apply(_refusals: int) -> str:
            await cloud.apply_credit(twin, settles, bill.currency)
            return twin

        effect = ctx.keys.effect("erp_cloud", "shadow-application", posting.external_id)
        write = Write(effect, "erp_cloud", "shadow-application", f"credit:{number}", digest(settles))
        await ctx.once(ctx, write, apply)
        return back

    async def _standing(self, kind: Kind, key: str, currency: str) -> str:
        """Its internal id there, '' if it is not posted."""
        assert self._ctx.cloud is not None
        find = self._ctx.cloud.invoice if kind == "invoice" else self._ctx.cloud.credit_memo
        found = await find(self._ctx.keys.shadow(key), currency)
        return str(found.reference) if found is not None else ""


def _cause(kind: Kind, number: str) -> str:
    return f"{'bill' if kind == 'invoice' else 'credit'}:{number}"


def _day_of_void(ctx: Context, row: Any, facts: LedgerFacts) -> date:
    at = (row["credit"] or row["bill"])["voided_at"]
    return calendar.day(ctx.clock.now() if at is None else at, facts.entity.zone)


def _facts(ctx: Context, unit: Unit, original: Bill) -> LedgerFacts | None:
    """As the ledger of tomorrow sees the entity: in the subsidiary of the dual run. None: no dual run on that day."""
    owner = owner_of(ctx, unit, original.customer_id)
    shadow = owner.entity.shadow_on(calendar.day(original.issued_at, owner.entity.zone))
    if not shadow:
        return None
    entity = owner.entity.within("cloud").model_copy(update={"subsidiary": shadow})
    taxes, items = taxes_of(unit, owner.entity_key), items_by_line(unit)
    return LedgerFacts(owner.account, owner.entity_key, entity, taxes, items, "", "", shadow)


def _posting(ctx: Context, bill: Bill, facts: LedgerFacts, key: str, lines: tuple[LedgerLine, ...]) -> Posting:
    zone = facts.entity.zone
    return Posting(
        external_id=ctx.keys.shadow(key), number=bill.id, customer=facts.customer,
        subsidiary=facts.entity.subsidiary, currency=bill.currency, on=calendar.day(bill.issued_at, zone),
        due=calendar.day(bill.due_at, zone) if bill.due_at is not None else None, po_number=bill.po_number,
        gross=bill.gross, lines=lines,
    )  # fmt: skip
