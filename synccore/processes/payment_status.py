"""Process payment-status: money runs both ways and does not echo; sales sees each movement of it."""

from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Payment
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import digest
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.following import following
from synccore.processes.ledger_facts import LedgerFacts, ledger_facts, posted_facts
from synccore.processes.ledger_receipts import record_receipt
from synccore.processes.legacy_money import pay_to_legacy
from synccore.processes.legacy_posting import park_until_answered
from synccore.processes.money_back import give_back
from synccore.processes.posting_periods import book_by_policy
from synccore.processes.receipt_parts import show_parts
from synccore.processes.set_backs import note_name
from synccore.processes.writes import Write

Facts = dict[str, LedgerFacts]


class PaymentStatus:
    """`argument`: {"receipt": CB:<transaction> | NS-<id> | L-…}; the birth place decides the direction."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """Post a platform's payment, refund or reversal to the ledger, or record a ledger's in the platform."""
        ctx, key = self._ctx, str(argument["receipt"])
        if ctx.keys.born_in_ledger(key):
            await record_receipt(ctx, run, key)
            return

        async def read() -> Any:
            payment = await ctx.platform.payment(key.removeprefix("CB:"))
            return payment.model_dump(mode="json") if payment is not None else None

        row = await run.step("payment", read)
        payment = Payment.model_validate(row) if row is not None else None
        if payment is None or not payment.succeeded or ctx.keys.born_in_ledger(payment.reference):
            return
        if payment.kind == "payment":
            await self._post(run, key, payment)
        elif payment.kind in ("refund", "payment_reversal"):
            await give_back(ctx, run, key, payment)

    async def _post(self, run: Run, key: str, payment: Payment) -> None:
        """The payment is a fact, posted once; what it settles, and what sales sees of that, are levels."""
        ctx = self._ctx
        numbers = list(dict.fromkeys(part.bill for part in payment.linked))

        def look(unit: Unit) -> tuple[LedgerFacts, Facts]:
            bills = {number: posted_facts(ctx, unit, payment.customer_id, number) for number in numbers}
            documents = (("receipt", key), *(("invoice", number) for number in numbers))
            return ledger_facts(ctx, unit, payment.customer_id, documents, payment.received_at), bills

        owner, facts = await following(ctx, run, payment.customer_id, payment.currency, look)
        within_one_ledger(payment, owner, facts)
        of_one_customer(payment, owner, facts)
        answer: dict[str, str] | None = None
        if owner.entity.ledger == "cloud":
            document = str(await run.step("post", lambda: post_to_cloud(ctx, key, payment, owner, facts)))
            await run.step("apply", lambda: apply_in_cloud(ctx, key, payment, document, facts))
        else:
            answer = await run.step("post", lambda: pay_to_legacy(ctx, key, payment, owner, facts))
        await show_parts(ctx, run, key, payment, owner)
        if answer is not None:
            park_until_answered(key, answer)


def within_one_ledger(payment: Payment, owner: LedgerFacts, facts: Facts) -> None:
    """No ledger can apply money to what another one holds: a person divides such a payment."""
    strangers = [number for number in payment.applications if facts[number].system != owner.system]
    if strangers:
        reason = f"payment {payment.id} is booked in {owner.system}, but {', '.join(strangers)} in another ledger"
        actions = ("correct_in_platform", "retry", "abandon")
        raise Parked(reason, (Finding("payment_over_ledgers", reason, "finance", actions, ()),))


def of_one_customer(payment: Payment, owner: LedgerFacts, facts: Facts) -> None:
    """Nor to what it has under another customer: bills that came with a moved contract, and the new customer's own."""
    others = [number for number in payment.applications if facts[number].customer != owner.customer]
    if others:
        reason = f"payment {payment.id} settles {', '.join(others)}, which the ledger has under another customer"
        actions = ("correct_in_platform", "retry", "abandon")
        raise Parked(reason, (Finding("payment_over_customers", reason, "finance", actions, ()),))


def documents_of(payment: Payment, facts: Facts) -> dict[str, int]:
    """What it settles now by the ledger's own numbers."""
    return {facts[number].document: amount for number, amount in payment.applications.items()}


def application_key(ctx: Context, key: str) -> str:
    """Effect key of what a payment is applied to in the cloud ledger."""
    return ctx.keys.effect("erp_cloud", "payment-application", key)


async def post_to_cloud(ctx: Context, key: str, payment: Payment, owner: LedgerFacts, facts: Facts) -> str:
    """A customer payment, once, applied as the platform applies it; what no bill uses stays unapplied there too."""
    assert ctx.cloud is not None
    cloud, external_id = ctx.cloud, ctx.keys.erp_payment(payment.id)
    applied = documents_of(payment, facts)
    on = calendar.day(payment.received_at, owner.entity.zone)

    async def look() -> Found | None:
        return await cloud.payment(external_id, payment.currency)

    async def send(_refusals: int) -> str:
        return await book_by_policy(
            ctx, payment.id, on, lambda when: cloud.create_payment(external_id, payment, owner.customer, when, applied)
        )

    def settled(unit: Unit, internal_id: Any) -> None:
        at, cause = ctx.clock.now(), f"payment:{key}"
        note_name(ctx, unit, "receipt", key, str(internal_id))
        unit.effects.plan(
            application_key(ctx, key), "erp_cloud", "payment-application", digest(applied), cause, at
        )  # fmt: skip
        unit.effects.settle(application_key(ctx, key), "applied", str(internal_id), at)
        data = {"payment": key, "ledger": "erp_cloud", "document": str(internal_id), "amount": payment.amount}
        unit.events.append(fact("payment-posted", "erp_cloud", key, owner.account, at, data, cause))
        unit.work.wake(f"receipt:{key}", at)

    effect = ctx.keys.effect("erp_cloud", "payment", external_id)
    write = Write(effect, "erp_cloud", "payment", f"payment:{key}", amount=payment.amount)
    return str(await ctx.once(ctx, write, send, look, settled))


async def apply_in_cloud(ctx: Context, key: str, payment: Payment, document: str, facts: Facts) -> None:
    """Bring the payment's applications to what the platform says now."""
    assert ctx.cloud is not None
    cloud, applied = ctx.cloud, documents_of(payment, facts)

    async def send(_refusals: int) -> str:
        await cloud.apply_payment(document, applied, payment.currency)
        return document

    write = Write(
        application_key(ctx, key), "erp_cloud", "payment-application", f"payment:{key}", digest(applied)
    )  # fmt: skip
    await ctx.once(ctx, write, send)


def unposted(what: str, key: str) -> Parked:
    """A child waits for its parent: what is taken back or paid out must be in the ledger first."""
    return Parked(f"{what} is not posted yet", waiting_on=(f"receipt:{key}",))
