"""Process invoice-publication: a bill of the platform is posted once to the ledger that owns it, and shown to sales."""

from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill, BillLine
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.mappings import Item
from synccore.domain.posting import PostingLine, Unpostable, line_key, posting_lines
from synccore.ports.engine import Run
from synccore.ports.outcomes import Away, Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found, LedgerLine, Posting
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts, ledger_facts, sku_of
from synccore.processes.legacy_posting import park_until_answered, post_to_legacy
from synccore.processes.write_back import show_bill
from synccore.processes.writes import Write

LEGACY_STATUS = {"posted": "Posted", "waiting": "Waiting for batch window", "refused": "Refused by ledger"}


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
        if not bill.posted:
            return
        facts = await ctx.db.run(lambda unit: ledger_facts(ctx, unit, bill.customer_id, bill.id))
        if facts.entity.ledger == "cloud":
            document, away = await self._posted(run, bill, facts)
            status = "Waiting for ledger" if away else "Posted"
            await run.step("show", lambda: show_bill(ctx, bill, facts.entity.zone, status, document))
            if away is not None:
                raise away
            return
        answer = await run.step("post", lambda: post_to_legacy(ctx, bill, facts, self._lines(bill, facts)))
        status = LEGACY_STATUS[answer["state"]]
        await run.step("show", lambda: show_bill(ctx, bill, facts.entity.zone, status, answer["document"]))
        park_until_answered(bill.id, answer)

    async def _posted(self, run: Run, bill: Bill, facts: LedgerFacts) -> tuple[str, Away | None]:
        """Its number in the cloud ledger; while that is away sales is shown the bill all the same."""
        try:
            return str(await run.step("post", lambda: self._post_to_cloud(bill, facts))), None
        except Away as away:
            return "", away

    def _lines(self, bill: Bill, facts: LedgerFacts) -> list[PostingLine]:
        """The bill's lines ready for the ledger; parks when they may not be posted."""

        def product(line: BillLine) -> tuple[str, Item]:
            return sku_of(facts, bill, line_key(line))

        on = calendar.day(bill.issued_at, facts.entity.zone)
        lines = posting_lines(bill, facts.taxes, product, on)
        if isinstance(lines, Unpostable):
            topics = (f"tax:{facts.entity_key}", f"account:{facts.account}")
            finding = Finding(lines.kind, lines.reason, "tax", ("fix_tax_map", "retry", "abandon"), topics)
            raise Parked(lines.reason, (finding,))
        return lines

    async def _post_to_cloud(self, bill: Bill, facts: LedgerFacts) -> str:
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud = ctx.cloud
        if facts.document:
            return facts.document
        lines = self._lines(bill, facts)
        posting = self._posting(bill, facts, [*map(_ledger_line, lines), *await self._rounding(bill)])

        async def look() -> Found | None:
            return await cloud.invoice(posting.external_id, bill.currency)

        async def send(_refusals: int) -> str:
            return await cloud.create_invoice(posting)

        def settled(unit: Unit, internal_id: Any) -> None:
            at = ctx.clock.now()
            unit.links.put("invoice", bill.id, "erp_cloud", str(internal_id))
            data = {"invoice": bill.id, "ledger": "erp_cloud", "document": str(internal_id), "gross": bill.gross,
                    "currency": bill.currency}  # fmt: skip
            unit.events.append(fact("invoice-posted", "erp_cloud", bill.id, facts.account, at, data, f"bill:{bill.id}"))
            unit.work.wake(f"bill:{bill.id}", at)

        key = ctx.keys.effect("erp_cloud", "invoice", posting.external_id)
        write = Write(key, "erp_cloud", "invoice", f"bill:{bill.id}", amount=bill.gross)
        return str(await ctx.once(ctx, write, send, look, settled))

    def _posting(self, bill: Bill, facts: LedgerFacts, lines: list[LedgerLine]) -> Posting:
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
            lines=tuple(lines),
        )

    async def _rounding(self, bill: Bill) -> list[LedgerLine]:
        """The bill's rounding difference as a line of its own: dropped, the ledger's total would differ."""
        if not bill.round_off:
            return []
        policy = await self._ctx.db.run(lambda unit: self._ctx.policy(unit, "rounding"))
        if not policy["erp_item"] or not policy["tax_code"]:
            reason = f"bill {bill.id} has a rounding difference of {bill.round_off} and no item is configured for it"
            actions, topics = ("set_policy", "retry", "abandon"), ("policy:rounding",)
            raise Parked(reason, (Finding("rounding_unmapped", reason, "finance", actions, topics),))
        item, code = str(policy["erp_item"]), str(policy["tax_code"])
        return [LedgerLine(item, "Rounding", "1", bill.round_off, 0, "0", code)]


def _ledger_line(row: PostingLine) -> LedgerLine:
    item = row.item.erp_item if row.item is not None else ""
    return LedgerLine(
        item=item,
        description=row.line.description or row.sku,
        quantity=f"{row.line.quantity:f}",
        net=row.line.net,
        tax=row.line.tax,
        rate=f"{row.line.tax_rate:f}",
        code=row.rule.cloud_code,
        tax_type=row.rule.cloud_type,
    )
