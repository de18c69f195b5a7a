"""Process payment-status: payments run both ways and do not echo; sales sees each of them."""

from functools import partial
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Payment
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts, posted_facts
from synccore.processes.ledger_receipts import record_receipt
from synccore.processes.legacy_posting import park_until_answered, pay_to_legacy
from synccore.processes.write_back import receipt_fields, show_receipt
from synccore.processes.writes import Write


class PaymentStatus:
    """`argument`: {"receipt": CB:<transaction> | NS-<id> | L-…}; the birth place decides the direction."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """Post a platform's payment to the ledger, or record a ledger's payment in the platform."""
        key = str(argument["receipt"])
        if self._ctx.keys.born_in_ledger(key):
            await record_receipt(self._ctx, run, key)
        else:
            await self._post(run, key, key.removeprefix("CB:"))

    async def _post(self, run: Run, key: str, transaction: str) -> None:
        ctx = self._ctx

        async def read() -> Any:
            payment = await ctx.platform.payment(transaction)
            return payment.model_dump(mode="json") if payment is not None else None

        row = await run.step("payment", read)
        if row is None:
            return
        payment = Payment.model_validate(row)
        if payment.kind != "payment" or payment.status != "success" or ctx.keys.born_in_ledger(payment.reference):
            return
        if not payment.applied:
            reason = f"payment {transaction} is applied to no bill"
            actions = ("apply_in_platform", "retry", "abandon")
            raise Parked(reason, (Finding("payment_unapplied", reason, "finance", actions, ()),))
        numbers = list(dict.fromkeys(part.bill for part in payment.applied))
        facts = await ctx.db.run(lambda unit: {n: posted_facts(ctx, unit, payment.customer_id, n) for n in numbers})
        first = facts[numbers[0]]
        answer: dict[str, str] | None = None
        if first.entity.ledger == "cloud":
            await run.step("post", lambda: self._post_to_cloud(key, payment, facts))
        else:
            answer = await run.step("post", lambda: pay_to_legacy(ctx, key, payment, facts))
        for index, number in enumerate(numbers):
            name = key if index == 0 else f"{key}/{number}"
            amount = sum(part.amount for part in payment.applied if part.bill == number)
            await run.step(f"show-{number}", partial(self._show, name, payment, amount, number, facts[number]))
        if answer is not None:
            park_until_answered(key, answer)

    async def _post_to_cloud(self, key: str, payment: Payment, facts: dict[str, LedgerFacts]) -> str:
        ctx, first = self._ctx, next(iter(facts.values()))
        assert ctx.cloud is not None
        cloud, external_id = ctx.cloud, ctx.keys.erp_payment(payment.id)
        applied: dict[str, int] = {}
        for part in payment.applied:
            document = facts[part.bill].document
            applied[document] = applied.get(document, 0) + part.amount
        on = calendar.day(payment.received_at, first.entity.zone)

        async def look() -> Found | None:
            return await cloud.payment(external_id, payment.currency)

        async def send(_refusals: int) -> str:
            return await cloud.create_payment(external_id, payment, first.customer, on, applied)

        def settled(unit: Unit, internal_id: Any) -> None:
            unit.links.put("receipt", key, "erp_cloud", str(internal_id))
            data = {"payment": key, "ledger": "erp_cloud", "document": str(internal_id), "amount": payment.amount}
            at, cause = ctx.clock.now(), f"payment:{key}"
            unit.events.append(fact("payment-posted", "erp_cloud", key, first.account, at, data, cause))

        effect = ctx.keys.effect("erp_cloud", "payment", external_id)
        write = Write(effect, "erp_cloud", "payment", f"payment:{key}", amount=payment.amount)
        return str(await ctx.once(ctx, write, send, look, settled))

    async def _show(self, key: str, payment: Payment, amount: int, number: str, facts: LedgerFacts) -> None:
        bill = await self._ctx.platform.bill(number)
        if bill is None:
            return
        on = calendar.day(payment.received_at, facts.entity.zone).isoformat()
        fields = receipt_fields(facts.account, payment.currency, amount, on, payment.method, "platform")
        await show_receipt(self._ctx, key, fields, bill, facts.entity.zone, "Posted", facts.document)
