"""Process invoice-publication: a bill of the platform is posted once to the ledger that owns it, and shown to sales."""

from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.facts import fact
from synccore.ports.engine import Run
from synccore.ports.outcomes import Away
from synccore.ports.postings import LedgerLine, Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.commitments import true_up
from synccore.processes.context import Context
from synccore.processes.contract_status import note_term_billed
from synccore.processes.following import facts_of
from synccore.processes.ledger_facts import LedgerFacts
from synccore.processes.ledger_lines import cloud_lines, lines_of
from synccore.processes.ledger_of_record import settled_place
from synccore.processes.ledger_voids import void_bill
from synccore.processes.legacy_posting import LEGACY_STATUS, park_until_answered, post_to_legacy, void_in_legacy
from synccore.processes.open_items import follow_late
from synccore.processes.posting_periods import post_by_policy
from synccore.processes.set_backs import note_name
from synccore.processes.shadow_posting import plan_shadow
from synccore.processes.write_back import show_bill
from synccore.processes.writes import Write


class InvoicePublication:
    """Runs for invoice_generated and again for invoice_updated: the posting is a fact, the copy in sales a level."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"invoice": number}."""
        ctx, number = self._ctx, str(argument["invoice"])

        async def read() -> Any:
            bill = await ctx.platform.bill(number)
            return bill.model_dump(mode="json") if bill is not None else None

        row = await run.step("bill", read)
        if row is None:
            return
        bill = Bill.model_validate(row)
        if bill.status == "pending":
            return
        if bill.status == "voided":
            await ctx.db.run(lambda unit: settled_place(unit, bill.id))
        facts = await facts_of(ctx, run, bill)
        await plan_shadow(ctx, run, "invoice", bill.id, facts)
        if bill.status == "voided":
            await self._voided(run, bill, facts)
            return
        if facts.entity.ledger == "cloud":
            document, away = await self._posted(run, bill, facts)
            status = "Waiting for ledger" if away else "Posted"
            try:
                await run.step("show", lambda: show_bill(ctx, bill, facts.entity.zone, status, document))
            except Away as sales:
                raise sales if away is None else away.also(sales) from None
            if away is not None:
                raise away
            await run.step("term", lambda: ctx.db.run(lambda unit: note_term_billed(ctx, unit, bill)))
            await run.step("true-up", lambda: true_up(ctx, bill, facts))
            return
        on = calendar.day(bill.issued_at, facts.entity.zone)
        answer = await run.step("post", lambda: post_to_legacy(ctx, bill, facts, lines_of(bill, facts, on)))
        status = LEGACY_STATUS[answer["state"]]
        await run.step("show", lambda: show_bill(ctx, bill, facts.entity.zone, status, answer["document"]))
        await run.step("true-up", lambda: true_up(ctx, bill, facts))
        park_until_answered(bill.id, answer)
        await run.step("term", lambda: ctx.db.run(lambda unit: note_term_billed(ctx, unit, bill)))
        await follow_late(ctx, run, bill.id, bill.due, facts)

    async def _voided(self, run: Run, bill: Bill, facts: LedgerFacts) -> None:
        """What was posted is taken back by a document of its own; what was not, never will be."""
        ctx = self._ctx
        if facts.entity.ledger == "cloud":
            document = facts.document or await run.step("posted", lambda: self._in_cloud(bill))
            if document:
                await run.step("void", lambda: void_bill(ctx, bill, facts, str(document)))
            await run.step("show", lambda: show_bill(ctx, bill, facts.entity.zone, "Voided", str(document or "")))
            return
        answer = await run.step(
            "void", lambda: void_in_legacy(ctx, "DR", bill.id, bill.currency, bill.voided_at, facts)
        )
        status = "Voided" if answer["state"] == "posted" else LEGACY_STATUS[answer["state"]]
        await run.step("show", lambda: show_bill(ctx, bill, facts.entity.zone, status, facts.document))
        park_until_answered(f"{bill.id}/void", answer)

    async def _in_cloud(self, bill: Bill) -> str:
        """Its document there, should a posting have been under way when it was voided; '' if there is none."""
        assert self._ctx.cloud is not None
        found = await self._ctx.cloud.invoice(self._ctx.keys.erp_invoice(bill.id), bill.currency)
        return str(found.reference) if found is not None else ""

    async def _posted(self, run: Run, bill: Bill, facts: LedgerFacts) -> tuple[str, Away | None]:
        """Its number in the cloud ledger; while that is away sales is shown the bill all the same."""
        try:
            return str(await run.step("post", lambda: self._post_to_cloud(bill, facts))), None
        except Away as away:
            return "", away

    async def _post_to_cloud(self, bill: Bill, facts: LedgerFacts) -> str:
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud = ctx.cloud
        if facts.document:
            return facts.document
        lines = await cloud_lines(ctx, bill, facts, calendar.day(bill.issued_at, facts.entity.zone))
        posting = self._posting(bill, facts, lines)

        entered: list[float] = []  # by the ledger's own word, when it is found there

        async def look() -> Found | None:
            found = await cloud.invoice(posting.external_id, bill.currency)
            entered[:] = [found.at] if found is not None and found.at is not None else []
            return found

        async def send(_refusals: int) -> str:
            return await post_by_policy(ctx, posting, cloud.create_invoice)

        def settled(unit: Unit, internal_id: Any) -> None:
            at = ctx.clock.now()
            note_name(ctx, unit, "invoice", bill.id, str(internal_id))
            data = {"invoice": bill.id, "ledger": "erp_cloud", "document": str(internal_id), "gross": bill.gross,
                    "currency": bill.currency}  # fmt: skip
            told = (bill.id, facts.account, entered[0] if entered else at, data, f"bill:{bill.id}")
            unit.events.append(fact("invoice-posted", "erp_cloud", *told))
            unit.work.wake(f"bill:{bill.id}", at)

        key = ctx.keys.effect("erp_cloud", "invoice", posting.external_id)
        write = Write(key, "erp_cloud", "invoice", f"bill:{bill.id}", amount=bill.gross)
        return str(await ctx.once(ctx, write, send, look, settled))

    def _posting(self, bill: Bill, facts: LedgerFacts, lines: tuple[LedgerLine, ...]) -> Posting:
        zone = facts.entity.zone
        return Posting(
            external_id=self._ctx.keys.erp_invoice(bill.id),
            number=bill.id,
            customer=facts.customer,
            subsidiary=facts.entity.subsidiary,
            currency=bill.currency,
            on=calendar.day(bill.issued_at, zone),
            due=calendar.day(bill.due_at, zone) if bill.due_at is not None else None,
            po_number=bill.po_number,
            gross=bill.gross,
            lines=lines,
        )
