"""Process credit-publication: a credit note is posted once to the ledger of its bill, applied there, shown to sales."""

from functools import partial
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.credits import Credit
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import digest
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.postings import Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts, issued_key, ledger_facts
from synccore.processes.ledger_lines import lines_of, memo_lines, written_off_to
from synccore.processes.ledger_of_record import document_of, settled_place
from synccore.processes.ledger_voids import void_credit
from synccore.processes.legacy_posting import LEGACY_STATUS, credit_to_legacy, park_until_answered, void_in_legacy
from synccore.processes.open_credits import left_to_settle
from synccore.processes.open_items import follow_late
from synccore.processes.posting_periods import post_by_policy
from synccore.processes.set_backs import note_name
from synccore.processes.shadow_posting import plan_shadow
from synccore.processes.short_payments import keeps_tax, taken_off
from synccore.processes.write_back import show_bill, show_credit
from synccore.processes.writes import Write


class CreditPublication:
    """Runs for credit_note_created and again for credit_note_updated: the posting is a fact, what it settles a level.

    The tax point is the bill's, not today: what is given back is taxed as it was billed.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"credit": number}."""
        ctx, number = self._ctx, str(argument["credit"])
        row = await run.step("credit", lambda: self._read(number))
        if row is None:
            return
        credit, original = Credit.model_validate(row["credit"]), Bill.model_validate(row["bill"])
        documents = (("credit", credit.id), ("invoice", original.id))  # it follows its bill, not its own day

        def look(unit: Unit) -> LedgerFacts:
            settled_place(unit, original.id)
            settled_place(unit, credit.id)
            if owner := unit.cursors.get(issued_key(original.id)):
                unit.cursors.set(issued_key(credit.id), owner)
            return ledger_facts(ctx, unit, credit.customer_id, documents, original.issued_at, original)

        facts = await ctx.db.run(look)
        await plan_shadow(ctx, run, "credit", credit.id, facts)
        if credit.status == "voided":
            await self._voided(run, credit, original, facts)
            return
        if facts.entity.ledger == "cloud":
            document = str(await run.step("post", lambda: self._post(credit, original, facts)))
            await run.step("show", lambda: show_credit(ctx, credit, facts.entity.zone, "Posted", document))
            await run.step("show-bills", lambda: self._show_bills(credit, facts))
            await run.step("apply", lambda: self._apply(credit, document))
            return
        part_of = await ctx.db.run(lambda unit: taken_off(unit, credit))
        if part_of:
            await run.step("show", lambda: show_credit(ctx, credit, facts.entity.zone, "Posted", part_of))
            await run.step("show-bills", lambda: self._show_bills(credit, facts))
            return
        on = calendar.day(original.issued_at, facts.entity.zone)
        instead = await written_off_to(ctx, credit, facts)
        lines = lines_of(credit.as_bill(), facts, on, instead)
        bare = instead if await ctx.db.run(lambda unit: keeps_tax(ctx, unit, credit)) else None
        answer = await run.step("post", lambda: credit_to_legacy(ctx, credit, facts, lines, bare))
        status = LEGACY_STATUS[answer["state"]]
        await run.step("show", lambda: show_credit(ctx, credit, facts.entity.zone, status, answer["document"]))
        await run.step("show-bills", lambda: self._show_bills(credit, facts))
        park_until_answered(credit.id, answer)
        await follow_late(ctx, run, credit.id, credit.available, facts)

    async def _read(self, number: str) -> Any:
        credit = await self._ctx.platform.credit(number)
        if credit is None:
            return None
        bill = await self._ctx.platform.bill(credit.bill) if credit.bill else None
        if bill is None:
            reason = f"credit note {number} belongs to no bill, so that nobody knows how it is taxed"
            actions = ("fix_source", "retry", "abandon")
            raise Parked(reason, (Finding("unknown_bill", reason, "finance", actions, ()),))
        return {"credit": credit.model_dump(mode="json"), "bill": bill.model_dump(mode="json")}

    async def _show_bills(self, credit: Credit, facts: LedgerFacts) -> None:
        """What the note takes off its bills: not every note comes with an event of each of them."""
        ctx = self._ctx
        for number in dict.fromkeys((credit.bill, *credit.allocations)):
            document = await ctx.db.run(partial(_document, ctx, number))
            bill = await ctx.platform.bill(number) if document else None
            if bill is not None:
                await show_bill(ctx, bill, facts.entity.zone, "Posted", str(document))

    async def _voided(self, run: Run, credit: Credit, original: Bill, facts: LedgerFacts) -> None:
        """What was posted is taken back by a document of its own; what was not, never will be."""
        ctx = self._ctx
        if facts.entity.ledger == "cloud":
            document = facts.document or await run.step("posted", lambda: self._posted(credit))
            if document:
                await run.step("void", lambda: void_credit(ctx, credit, original, facts, str(document)))
            await run.step("show", lambda: show_credit(ctx, credit, facts.entity.zone, "Voided", str(document or "")))
            return
        answer = await run.step(
            "void", lambda: void_in_legacy(ctx, "DG", credit.id, credit.currency, credit.voided_at, facts)
        )
        status = "Voided" if answer["state"] == "posted" else LEGACY_STATUS[answer["state"]]
        await run.step("show", lambda: show_credit(ctx, credit, facts.entity.zone, status, facts.document))
        park_until_answered(f"{credit.id}/void", answer)

    async def _posted(self, credit: Credit) -> str:
        """Its document in the cloud ledger, should a posting have been under way when it was voided; '' if none."""
        assert self._ctx.cloud is not None
        found = await self._ctx.cloud.credit_memo(self._ctx.keys.erp_credit(credit.id), credit.currency)
        return str(found.reference) if found is not None else ""

    async def _post(self, credit: Credit, original: Bill, facts: LedgerFacts) -> str:
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud = ctx.cloud
        if facts.document:
            return facts.document
        zone = facts.entity.zone
        instead = await written_off_to(ctx, credit, facts)
        lines = await memo_lines(ctx, credit, facts, calendar.day(original.issued_at, zone), instead)
        posting = Posting(
            external_id=ctx.keys.erp_credit(credit.id), number=credit.id, customer=facts.customer,
            subsidiary=facts.entity.subsidiary, currency=credit.currency, on=calendar.day(credit.issued_at, zone),
            due=None, po_number="", gross=credit.gross, lines=lines,
        )  # fmt: skip
        applied = (await self._documents(credit))[0]

        async def look() -> Found | None:
            return await cloud.credit_memo(posting.external_id, credit.currency)

        async def send(_refusals: int) -> str:
            return await post_by_policy(ctx, posting, lambda one: cloud.create_credit(one, applied))

        def settled(unit: Unit, internal_id: Any) -> None:
            at = ctx.clock.now()
            note_name(ctx, unit, "credit", credit.id, str(internal_id))
            data = {"credit": credit.id, "invoice": credit.bill, "ledger": "erp_cloud", "document": internal_id,
                    "gross": credit.gross, "currency": credit.currency}  # fmt: skip
            unit.events.append(
                fact("credit-memo-posted", "erp_cloud", credit.id, facts.account, at, data, f"credit:{credit.id}")
            )
            unit.work.wake(f"credit:{credit.id}", at)

        key = ctx.keys.effect("erp_cloud", "credit", posting.external_id)
        write = Write(key, "erp_cloud", "credit", f"credit:{credit.id}", amount=credit.gross)
        return str(await ctx.once(ctx, write, send, look, settled))

    async def _documents(self, credit: Credit) -> tuple[dict[str, int], tuple[str, ...], tuple[str, ...]]:
        """What it settles by the ledger's own numbers, bills that are not posted there yet, and those under another
        customer there, which no credit of this one can settle.
        """

        def look(unit: Unit) -> tuple[dict[str, int], dict[str, str | None], tuple[str, ...]]:
            wanted, mine = left_to_settle(unit, credit), unit.cursors.get(issued_key(credit.id))
            owners = {number: unit.cursors.get(issued_key(number)) or mine for number in wanted}
            others = tuple(number for number, owner in owners.items() if mine and owner != mine)
            known = {number: unit.links.external("invoice", number, "erp_cloud") for number in wanted
                     if number not in others}  # fmt: skip
            return wanted, known, others

        wanted, known, others = await self._ctx.db.run(look)
        applied = {document: wanted[number] for number, document in known.items() if document}
        return applied, tuple(number for number, document in known.items() if not document), others

    async def _apply(self, credit: Credit, document: str) -> None:
        """Bring the memo's applications to what the platform says; a child waits for its parent."""
        applied, missing, others = await self._documents(credit)
        if missing:
            topics = tuple(f"bill:{number}" for number in missing)
            raise Parked(f"{credit.id} settles {', '.join(missing)}, not posted yet", waiting_on=topics)
        if applied:
            await self._apply_to(credit, document, applied)
        if others:
            bills = ", ".join(others)
            reason = f"{credit.id} settles {bills} in the platform, which the ledger has under another customer"
            actions = ("correct_in_ledger", "retry", "abandon")
            raise Parked(reason, (Finding("credit_over_customers", reason, "finance", actions, ()),))

    async def _apply_to(self, credit: Credit, document: str, applied: dict[str, int]) -> None:
        ctx = self._ctx
        assert ctx.cloud is not None
        cloud = ctx.cloud

        async def send(_refusals: int) -> str:
            await cloud.apply_credit(document, applied, credit.currency)
            return document

        key = ctx.keys.effect("erp_cloud", "credit-application", credit.id)
        write = Write(key, "erp_cloud", "credit-application", f"credit:{credit.id}", digest(applied))
        await ctx.once(ctx, write, send)


def _document(ctx: Context, number: str, unit: Unit) -> str | None:
    return document_of(ctx.keys, unit, "invoice", number)
