"""Processes contract-status and contract-change: sales sees the contract as it is, and each change of it once."""

from typing import Any

from synccore.domain import calendar
from synccore.domain.agreements import Agreement
from synccore.domain.bills import Bill
from synccore.domain.facts import fact
from synccore.domain.keys import digest
from synccore.domain.money import major
from synccore.ports.engine import Run
from synccore.ports.outcomes import Later, Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.scheduled_changes import decision_of, keep_planned
from synccore.processes.writes import UNKNOWN_S, Write


def change_key(deal: str) -> str:
    """Where the version of the subscription is remembered that came of a deal's amendment.

    Events up to it that carry the deal's mark tell of our own doing; later ones carry the mark too and are others'.
    """
    return f"amended-by/{deal}"


def billed_key(subscription: str) -> str:
    """Start of the youngest term of a contract whose bill is in the ledger."""
    return f"billed-from/{subscription}"


def note_term_billed(ctx: Context, unit: Unit, bill: Bill) -> None:
    """A bill is in the ledger: if a renewal waits for its first one, the contract is looked at again."""
    if decision_of(unit, bill.subscription_id) is None:
        return
    starts = max((line.starts or 0 for line in bill.lines), default=0)
    if starts > int(unit.cursors.get(billed_key(bill.subscription_id)) or 0):
        at, account = ctx.clock.now(), ctx.keys.account_of(bill.customer_id)
        unit.cursors.set(billed_key(bill.subscription_id), str(starts))
        subject = {"subscription": bill.subscription_id}
        unit.work.add("contract-status", account, bill.subscription_id, subject, at, f"bill:{bill.id}")


class ContractStatus:
    """`argument`: {"subscription": id}: a level, read anew and written when it differs."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """Bring the copy in sales up to date."""
        subscription = str(argument["subscription"])
        await run.step("show", lambda: show_contract(self._ctx, subscription))
        await run.step("keep", lambda: keep_planned(self._ctx, subscription))


async def show_contract(ctx: Context, subscription: str) -> str:
    """Contract in sales brought to what the platform holds; older truth never overwrites newer."""
    agreement = await ctx.platform.agreement(subscription)
    if agreement is None:
        return ""

    def look(unit: Unit) -> tuple[str | None, bool, dict[str, Any] | None, int, str]:
        seen = int(unit.cursors.get(f"contract/{subscription}") or 0)
        return (
            unit.links.external("contract", subscription, "salesforce"), agreement.version < seen,
            decision_of(unit, subscription), int(unit.cursors.get(billed_key(subscription)) or 0),
            str(ctx.policy(unit, "platform")["zone"]),
        )  # fmt: skip

    contract, stale, decision, billed_from, zone = await ctx.db.run(look)
    if contract is None:
        topic = f"contract:{subscription}"
        raise Parked(f"the contract of {subscription} is not in Salesforce yet", waiting_on=(topic,))
    if stale:
        return contract
    fields = contract_fields(agreement, decision, billed_from, zone)

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_contract(subscription, fields)
        return subscription

    def settled(unit: Unit, _reference: Any) -> None:
        unit.cursors.set(f"contract/{subscription}", str(agreement.version))

    key = ctx.keys.effect("salesforce", "contract", subscription)
    write = Write(key, "salesforce", "contract", f"contract:{subscription}", digest(fields))
    await ctx.once(ctx, write, send, None, settled)
    return contract


def contract_fields(
    agreement: Agreement, decision: dict[str, Any] | None, billed_from: int, zone: str
) -> dict[str, Any]:
    """What a Contract shows. Renewed = decision won + new term in force + its first bill posted, each visible alone."""
    term = agreement.term
    fields: dict[str, Any] = {"Quantity__c": agreement.seats, "Billing_Status__c": _billing_status(agreement)}
    if term is not None:
        fields |= {
            "StartDate": calendar.day(term.start, zone).isoformat(),
            "ContractTerm": term.cycles * agreement.months,
            "Value__c": major(term.value, agreement.currency),
        }
    if decision is not None and term is not None:
        fields["Renewal_Opportunity__c"] = decision["deal"]
        if term.id == decision["term"]:
            fields["Renewal_Status__c"] = "Decision won"
        else:
            fields["Renewal_Status__c"] = "Renewed" if billed_from >= term.start else "Term in force"
    return fields


def _billing_status(agreement: Agreement) -> str:
    if agreement.status == "cancelled":
        return "Cancelled"
    return "Active" if agreement.term is not None else "Evergreen"


class ContractChange:
    """One change of a contract, told to sales once: its own come back as the platform's events and are known by them.

    `argument`: {"subscription", "kind": Amendment|Renewal, "key", "version", "marker", "term", "quantity", "at"}.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """Write Contract_Change__c and bring the contract up to date."""
        await run.step("tell", lambda: self._tell(run.key, argument))
        await run.step("show", lambda: show_contract(self._ctx, str(argument["subscription"])))

    async def _tell(self, account: str, news: dict[str, Any]) -> str:
        ctx, subscription, kind = self._ctx, str(news["subscription"]), str(news["kind"])
        deal = await ctx.db.run(lambda unit: self._deal(unit, news))

        def look(unit: Unit) -> tuple[str | None, str]:
            return unit.links.external("contract", subscription, "salesforce"), str(
                ctx.policy(unit, "platform")["zone"]
            )

        contract, zone = await ctx.db.run(look)
        if contract is None:
            topic = f"contract:{subscription}"
            raise Parked(f"the contract of {subscription} is not in Salesforce yet", waiting_on=(topic,))
        fields = {
            "Contract__c": contract, "Kind__c": kind, "Origin__c": "sales" if deal else "platform",
            "Opportunity__c": deal or None, "Quantity__c": news["quantity"], "CurrencyIsoCode": news["currency"],
            "Effective_On__c": calendar.day(float(news["at"]), zone).isoformat(),
        }  # fmt: skip

        async def send(_refusals: int) -> str:
            await ctx.salesforce.write_contract_change(str(news["key"]), fields)
            return str(news["key"])

        def settled(unit: Unit, _reference: Any) -> None:
            data = {"subscription": subscription, "origin": fields["Origin__c"], "opportunity": deal,
                    "quantity": news["quantity"], "effective_on": fields["Effective_On__c"]}  # fmt: skip
            if kind == "Renewal":
                data["term"] = news["term"]
            name = "contract-renewed" if kind == "Renewal" else "contract-amended"
            at, cause = ctx.clock.now(), str(news["key"])
            unit.events.append(fact(name, "subscriptions", str(news["key"]), account, at, data, cause))

        key = ctx.keys.effect("salesforce", "contract-change", str(news["key"]))
        write = Write(key, "salesforce", "contract-change", f"contract:{subscription}")
        await ctx.once(ctx, write, send, None, settled)
        return deal

    def _deal(self, unit: Unit, news: dict[str, Any]) -> str:
        """The deal behind the change, '' for one born in the platform."""
        subscription, ctx = str(news["subscription"]), self._ctx
        if news["kind"] == "Renewal":
            decision = decision_of(unit, subscription)
            follows = decision is not None and 0 <= int(news["at"]) - int(decision["until"]) <= 1
            return str(decision["deal"]) if decision is not None and follows else ""
        marker = str(news["marker"])
        if marker:
            effect = unit.effects.get(ctx.keys.effect("subscriptions", "amendment", marker))
            if effect is not None and effect.state in ("planned", "unknown"):
                raise Later(
                    UNKNOWN_S, f"whether {news['key']} is deal {marker}'s doing is not certain yet", counts=False
                )
        ours = int(news["version"]) <= int(unit.cursors.get(change_key(marker)) or 0)
        return marker if ours else ""
