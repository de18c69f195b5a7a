"""A deal that is won no longer is taken back, last step first, by documents of its own. Part of order-activation.

The contract ends and its term is credited; then what is still due of its bills is credited, the newest first; ledgers
and sales follow those notes like any others. Nothing is deleted. What money has touched since is for a person, or by
policy `compensation` becomes the customer's credit (`paid`: credit); what other people have touched is for a person,
and the policy can hand every case to one.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from synccore.domain.agreements import Agreement
from synccore.domain.bills import Bill
from synccore.domain.deals import Deal
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.contract_status import show_contract
from synccore.processes.milestone_billing import milestone_bills
from synccore.processes.write_back import BLOCKED, report_deal
from synccore.processes.writes import Write

BEGUN, DONE = "begun", "done"
TAKEN_BACK = "Taken back"  # what sales sees at the deal
Made = dict[str, Any]  # {"contract": subscription or "", "bills": numbers, oldest first}


def taken_key(deal: str) -> str:
    """Where it is remembered how far a deal has been taken back."""
    return f"taken-back/{deal}"


class Compensation:
    """Takes back what one deal has led to; begun once, it is finished, whatever sales does to the deal meanwhile."""

    def __init__(self, ctx: Context, deal: Deal) -> None:
        self._ctx, self._deal, self._cause = ctx, deal, f"opportunity:{deal.id}"

    async def _state(self) -> str:
        """How far it is: '' when the deal was never taken back."""
        return await self._ctx.db.run(lambda unit: unit.cursors.get(taken_key(self._deal.id)) or "")

    async def run(self, run: Run) -> None:
        """Parks with what a person must decide, or when money has come in between."""
        ctx, cause = self._ctx, self._cause
        state = await run.step("taken-back", self._state)
        if state == DONE:
            return
        made: Made | None = await run.step("made", self._made)
        if made is None:
            return
        if state != BEGUN:
            await run.step("judge", lambda: self._judge(made))
        if made["contract"]:
            await run.step("end", lambda: self._end(made["contract"]))
        for number in reversed(made["bills"]):
            await run.step(f"credit-{number}", lambda number=number: credit_due(ctx, number, cause))  # type: ignore[misc]
            await run.step(f"give-back-{number}", lambda number=number: give_back(ctx, number, cause))  # type: ignore[misc]
        await run.step("settled", lambda: self._settled(made))
        if made["contract"]:
            await run.step("contract", lambda: show_contract(self._ctx, made["contract"]))
        await run.step("write-back", lambda: report_deal(self._ctx, self._deal, TAKEN_BACK, "", made["contract"]))
        await run.step("tell", lambda: self._tell(made))

    async def _made(self) -> Made | None:
        """What the platform has of the deal; also what was sent without an answer."""
        ctx, deal = self._ctx, self._deal
        subscription = ctx.keys.subscription(deal.id)

        def sent(unit: Unit) -> tuple[str, bool, bool, list[str]]:
            kind = str(ctx.policy(unit, "deal_types").get(deal.type, "new"))
            contract = unit.effects.get(ctx.keys.effect("subscriptions", "subscription", subscription))
            billed = unit.effects.get(_bill_key(ctx, deal)) is not None
            return kind, contract is not None, billed, milestone_bills(unit, deal.id)

        kind, contracted, billed, parts = await ctx.db.run(sent)
        if kind != "new" or not (contracted or billed or parts):
            return None
        found = await ctx.platform.bills_of_subscription(subscription) if contracted else []
        own = [bill for bill in found if not shared(bill)]
        numbers = [bill.id for bill in sorted(own, key=lambda bill: (bill.issued_at, bill.id))]
        if billed:
            customer = ctx.keys.customer(deal.account.id, deal.account.entity)
            number = await ctx.platform.bill_by_reference(customer, ctx.keys.one_off(deal.id))
            numbers += [number] if number else []
        numbers += parts
        there = contracted and await ctx.platform.agreement(subscription) is not None
        return {"contract": subscription if there else "", "bills": numbers} if there or numbers else None

    async def _judge(self, made: Made) -> str:
        """May it be done without a person? From then on it is begun."""
        ctx, deal, subscription = self._ctx, self._deal, made["contract"]
        agreement = await ctx.platform.agreement(subscription) if subscription else None
        bills = [bill for number in made["bills"] if (bill := await ctx.platform.bill(number)) is not None]
        issued = await ctx.platform.bills_of_subscription(subscription) if subscription else []
        bills += [bill for bill in issued if shared(bill)]

        def look(unit: Unit) -> str:
            if subscription and unit.links.external("contract", subscription, "salesforce") is None:
                return "its activation had not been completed"
            return _hindrance(ctx.policy(unit, "compensation"), agreement, bills)

        reason = await ctx.db.run(look)
        if reason:
            text = f"deal {deal.name} is won no longer, and is not taken back by itself: {reason}"
            await report_deal(ctx, deal, BLOCKED, text, subscription)
            actions = ("win_again", "settle_in_platform", "retry", "abandon")
            topics = (f"opportunity:{deal.id}", "policy:compensation")
            raise Parked(text, (Finding("deal_reopened", text, "finance", actions, topics),))
        await ctx.db.run(lambda unit: unit.cursors.set(taken_key(deal.id), BEGUN))
        return BEGUN

    async def _end(self, subscription: str) -> int:
        ctx = self._ctx
        key = ctx.keys.effect("subscriptions", "cancellation", subscription)

        async def look() -> Found | None:
            known = await ctx.platform.agreement(subscription)
            return Found(known.version) if known is not None and known.status == "cancelled" else None

        async def send(refusals: int) -> int:
            known = await look()
            if known is not None:
                return int(known.reference)
            return await ctx.platform.end_subscription(subscription, ctx.keys.idempotency(f"{key}#{refusals}"))

        return int(await ctx.once(ctx, Write(key, "subscriptions", "cancellation", self._cause), send, look))

    async def _settled(self, made: Made) -> str:
        """Money that came in while the deal was being taken back is the customer's: a person gives it back."""
        bills = [await self._ctx.platform.bill(number) for number in made["bills"]]
        paid = [bill.id for bill in bills if bill is not None and bill.paid and bill.credited < bill.gross]
        if paid:
            text = f"{', '.join(paid)} of deal {self._deal.name} was paid while the deal was taken back"
            topics = (f"opportunity:{self._deal.id}",)
            finding = Finding("paid_meanwhile", text, "finance", ("refund_in_platform", "retry", "abandon"), topics)
            raise Parked(text, (finding,))
        return ""

    async def _tell(self, made: Made) -> str:
        ctx, deal = self._ctx, self._deal

        def tell(unit: Unit) -> str:
            data = {"opportunity": deal.id, "subscription": made["contract"], "invoices": made["bills"]}
            at = ctx.clock.now()
            unit.events.append(fact("deal-taken-back", "salesforce", deal.id, deal.account.id, at, data, self._cause))
            unit.cursors.set(taken_key(deal.id), DONE)
            return DONE

        return await ctx.db.run(tell)


async def credit_due(ctx: Context, number: str, cause: str) -> str:
    """What is still due of a bill is credited; number of the credit note, '' for none."""
    return await _note(ctx, number, "taken-back", cause, lambda bill: bill.due)


async def give_back(ctx: Context, number: str, cause: str) -> str:
    """What was paid of a bill becomes the customer's credit, where policy says so; number of the note, '' for none.

    It is used for bills to come, or paid out by whoever may do that.
    """
    if not await ctx.db.run(lambda unit: gives_back(ctx.policy(unit, "compensation"))):
        return ""
    return await _note(ctx, number, "given-back", cause, _kept, paid=True)


async def _note(
    ctx: Context, number: str, name: str, cause: str, worth: Callable[[Bill], int], paid: bool = False
) -> str:  # fmt: skip
    """Number of a credit note over what a bill is `worth` now, '' for nothing; who looks again finds nothing."""
    key = ctx.keys.effect("subscriptions", name, number)

    async def left() -> int:
        bill = await ctx.platform.bill(number)
        return worth(bill) if bill is not None else 0

    async def look() -> Found | None:
        return None if await left() else Found("")

    async def send(refusals: int) -> str:
        rest = await left()
        if not rest:
            return ""
        return await ctx.platform.create_credit(number, rest, ctx.keys.idempotency(f"{key}#{refusals}"), paid=paid)

    return str(await ctx.once(ctx, Write(key, "subscriptions", "credit", cause), send, look))


def _bill_key(ctx: Context, deal: Deal) -> str:
    return ctx.keys.effect("subscriptions", "bill", deal.id)


def _kept(bill: Bill) -> int:
    """What was paid of a bill and no credit note gives back."""
    return max(0, min(bill.paid, bill.gross - bill.credited))


def gives_back(policy: Mapping[str, Any]) -> bool:
    """Whether what was paid is given back as credit without a person."""
    return str(policy["paid"]) == "credit"


def shared(bill: Bill) -> bool:
    """Does it bill other contracts too? What is due or paid of it is not this deal's alone."""
    return len(bill.subscriptions) > 1


def _hindrance(policy: Mapping[str, Any], agreement: Agreement | None, bills: list[Bill]) -> str:
    """Why a person must decide, '' if none needs to: nobody has touched what the deal led to, or all is undone."""
    ended = agreement is None or agreement.status == "cancelled"
    if ended and not any(bill.due for bill in bills if not shared(bill)):
        return ""
    if policy["reopened"] != "auto":
        return "the policy `compensation` leaves it to a person"
    if agreement is not None and not ended and (agreement.renewed or agreement.marker or agreement.renewal):
        return f"{agreement.id} was changed or renewed since"
    if agreement is not None and agreement.metered:
        return f"{agreement.id} has usage that may have to be billed"
    common = [bill.id for bill in bills if shared(bill)]
    if common:
        return f"{', '.join(common)} bills other contracts too"
    return touched(policy, bills)


def touched(policy: Mapping[str, Any], bills: Iterable[Bill]) -> str:
    """Which bills money or a credit has touched, in words; '' for none, or when what was paid is given back."""
    paid = gives_back(policy)
    found = [bill.id for bill in bills if bill.due + (bill.paid if paid else 0) != bill.gross]
    return f"{', '.join(found)} is paid or credited in part or whole" if found else ""
