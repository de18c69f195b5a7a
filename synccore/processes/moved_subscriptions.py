"""Process subscription-moved: somebody has moved a contract to another customer in the platform, with its documents.

What a ledger has posted is a fact and stays with the customer that it was issued to (the vendor's own accounting
integrations do not reflect a move either), and so does what follows it: credit notes, payments, what goes back. The
copies in sales are levels: contract, bills and credit notes are shown at the account of the new customer, and what is
billed from then on is the new one's everywhere.
https://apidocs.chargebee.com/docs/api/subscriptions/move-a-subscription
"""

from collections.abc import Mapping
from typing import Any

from synccore.domain.bills import Bill
from synccore.domain.keys import MOVED, digest
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.ledger_facts import issued_key, owner_of
from synccore.processes.writes import Write

PROCESS = "subscription-moved"
OWNER = "account-of-contract"  # kind of link: subscription -> account


def note_owner(ctx: Context, unit: Unit, row: Mapping[str, Any], at: float, cause: str) -> None:
    """A subscription as an event shows it: has it another customer than the contract had? Late events tell nothing."""
    subscription, customer = str(row["id"]), str(row.get("customer_id") or "")
    account, version = ctx.keys.account_of(customer), int(row.get("resource_version") or 0)
    known = unit.links.external(OWNER, subscription, "salesforce")
    if known is None or known == account or version <= int(unit.cursors.get(f"moved/{subscription}") or 0):
        return
    unit.cursors.set(f"moved/{subscription}", str(version))
    if account:
        unit.links.put(OWNER, subscription, "salesforce", account)
    argument = {"subscription": subscription, "customer": customer, "from": known}
    unit.work.add(PROCESS, account or customer, f"{subscription}/moved", argument, at, cause)


class SubscriptionMoved:
    """`argument`: {"subscription", "customer": whose it is now, "from": the account that had it}."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """Show contract, bills and credit notes under the new customer's account."""
        ctx, subscription = self._ctx, str(argument["subscription"])
        await ctx.db.run(lambda unit: owner_of(ctx, unit, str(argument["customer"])))

        async def read() -> Any:
            return [bill.model_dump(mode="json") for bill in await ctx.platform.bills_of_subscription(subscription)]

        bills = [Bill.model_validate(row) for row in await run.step("bills", read)]
        account = ctx.keys.account_of(str(argument["customer"]))
        await run.step("contract", lambda: self._contract(subscription, account))
        await run.step("again", lambda: ctx.db.run(lambda unit: self._again(unit, account, bills, subscription)))

    async def _contract(self, subscription: str, account: str) -> str:
        """The contract in sales belongs to the new account: a level."""
        ctx, fields = self._ctx, {"AccountId": account}

        def prepare(unit: Unit) -> str:
            if unit.links.external("contract", subscription, "salesforce") is None:
                topic = f"contract:{subscription}"
                raise Parked(f"the contract of {subscription} is not in Salesforce yet", waiting_on=(topic,))
            return digest(fields)

        async def send(_refusals: int) -> str:
            await ctx.salesforce.write_contract(subscription, fields)
            return subscription

        key = ctx.keys.effect("salesforce", "contract-account", subscription)
        await ctx.once(ctx, Write(key, "salesforce", "contract", f"contract:{subscription}", prepare=prepare), send)
        return account

    def _again(self, unit: Unit, account: str, bills: list[Bill], subscription: str) -> int:
        at, cause = self._ctx.clock.now(), f"contract:{subscription}"
        for bill in bills:
            issued_to = unit.cursors.get(issued_key(bill.id)) or bill.customer_id
            if issued_to == bill.customer_id:
                continue
            for number in (bill.id, *bill.credits):
                unit.links.put(MOVED, number, "subscriptions", f"{number}/{self._ctx.keys.account_of(issued_to)}")
            unit.work.add("invoice-publication", account, bill.id, {"invoice": bill.id}, at, cause)
            for number in bill.credits:
                unit.work.add("credit-publication", account, number, {"credit": number}, at, cause)
        return len(bills)
