"""Processes contract-status and contract-change: sales sees the contract as it is, and each change of it once."""

import json
from dataclasses import dataclass
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
from synccore.processes.adjustments import open_credits
from synccore.processes.context import Context
from synccore.processes.deal_writes import (
    AMENDMENT,
    corrected_before,
    correcting,
    corrections_of,
    deal_key,
    kind_of_change,
    turn_of,
)
from synccore.processes.open_renewals import tell_open_renewals
from synccore.processes.scheduled_changes import decision_of, keep_planned, withdrawn
from synccore.processes.writes import UNKNOWN_S, Write


def change_key(deal: str) -> str:
    """Where the version of the subscription is remembered that came of a deal's amendment.

    Events up to it that carry the deal's mark tell of our own doing; later ones carry the mark too and are others'.
    """
    return f"amended-by/{deal}"


def made_good_key(deal: str) -> str:
    """Where it is remembered what a deal's amendment came to after all, when it had undone a change: {version, seats}.

    What makes it good carries the deal's mark with `+` and a number behind it.
    """
    return f"made-good/{deal}"


def billed_key(subscription: str) -> str:
    """Start of the youngest term of a contract whose bill is in the ledger."""
    return f"billed-from/{subscription}"


def unbidden_key(subscription: str) -> str:
    """The term of a contract that the platform began by itself."""
    return f"auto-renewed/{subscription}"


def note_term_billed(ctx: Context, unit: Unit, bill: Bill) -> None:
    """A bill is in the ledger: each contract of it whose renewal waits for its first one is looked at again."""
    for subscription in bill.subscriptions:
        _note_billed(ctx, unit, bill, subscription)


def _note_billed(ctx: Context, unit: Unit, bill: Bill, subscription: str) -> None:
    starts = bill.term_start(subscription)
    if starts <= int(unit.cursors.get(billed_key(subscription)) or 0):
        return
    unit.cursors.set(billed_key(subscription), str(starts))
    if decision_of(unit, subscription) is not None or unit.cursors.get(unbidden_key(subscription)):
        at, account = ctx.clock.now(), ctx.keys.account_of(bill.customer_id)
        subject = {"subscription": subscription}
        unit.work.add("contract-status", account, subscription, subject, at, f"bill:{bill.id}")


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

    def look(unit: Unit) -> tuple[str | None, bool, Known]:
        seen = int(unit.cursors.get(f"contract/{subscription}") or 0)
        known = Known(
            decision_of(unit, subscription), int(unit.cursors.get(billed_key(subscription)) or 0),
            str(ctx.policy(unit, "platform")["zone"]), bool(open_credits(unit, subscription)),
            withdrawn(unit, subscription),
        )  # fmt: skip
        return unit.links.external("contract", subscription, "salesforce"), agreement.version < seen, known

    contract, stale, known = await ctx.db.run(look)
    if contract is None:
        topic = f"contract:{subscription}"
        raise Parked(f"the contract of {subscription} is not in Salesforce yet", waiting_on=(topic,))
    if stale:
        return contract
    fields = contract_fields(agreement, known)

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_contract(subscription, fields)
        return subscription

    def settled(unit: Unit, _reference: Any) -> None:
        unit.cursors.set(f"contract/{subscription}", str(agreement.version))

    key = ctx.keys.effect("salesforce", "contract", subscription)
    write = Write(key, "salesforce", "contract", f"contract:{subscription}", digest(fields))
    await ctx.once(ctx, write, send, None, settled)
    return contract


@dataclass(frozen=True)
class Known:
    """What the core knows of a contract beside the platform: what sales decided, from when on its bills are posted,
    the site's zone, whether a credit of it is not in the ledger yet, and whether its renewal was withdrawn.
    """

    decision: dict[str, Any] | None
    billed_from: int
    zone: str
    adjusting: bool = False
    withdrawn: bool = False


def contract_fields(agreement: Agreement, known: Known) -> dict[str, Any]:
    """What a Contract shows. Renewed = decision won + new term in force + its first bill posted, each visible alone."""
    term = agreement.term
    fields: dict[str, Any] = {"Quantity__c": agreement.seats, "Billing_Status__c": _billing_status(agreement)}
    if term is not None:
        fields |= {
            "StartDate": calendar.day(term.start, known.zone).isoformat(),
            "ContractTerm": term.cycles * agreement.months,
            "Value__c": major(term.value, agreement.currency),
        }
    if known.decision is not None:
        fields["Renewal_Opportunity__c"] = known.decision["deal"]
    elif known.withdrawn:
        fields |= {"Renewal_Opportunity__c": None, "Renewal_Status__c": None}
    status = _renewal_status(agreement, known)
    return fields | ({"Renewal_Status__c": status} if status else {})


def _renewal_status(agreement: Agreement, known: Known) -> str:
    term, decision = agreement.term, known.decision
    if decision is not None and decision["kind"] == "declined" and (term is None or term.id == decision["term"]):
        return "Declined" if term is not None else "Lapsed"
    if term is None:
        return ""
    if decision is not None and term.id == decision["term"]:
        return "Decision won"
    if not agreement.renewed:
        return ""
    if known.billed_from < term.start:
        return "Term in force"
    return "Renewed, adjustment pending" if known.adjusting else "Renewed"


def _billing_status(agreement: Agreement) -> str:
    if agreement.status == "cancelled":
        return "Cancelled"
    if agreement.term is None:
        return "Evergreen"
    return "Non-renewing" if agreement.term.action == "cancel" else "Active"


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
        if argument["kind"] == "Renewal":
            await run.step("tell-open", lambda: tell_open_renewals(self._ctx, argument))

    async def _tell(self, account: str, news: dict[str, Any]) -> str:
        ctx, subscription, kind = self._ctx, str(news["subscription"]), str(news["kind"])
        deal = await ctx.db.run(lambda unit: self._deal(unit, news))

        def look(unit: Unit) -> tuple[str | None, str, str, dict[str, Any] | None]:
            contract, zone = unit.links.external("contract", subscription, "salesforce"), ctx.policy(unit, "platform")
            told = kind_of_change(unit, deal, int(news["version"])) if deal and kind != "Renewal" else kind
            first = told == AMENDMENT and deal and not corrected_before(unit, deal, int(news["version"]))
            good = unit.cursors.get(made_good_key(deal)) if first else None
            return contract, str(zone["zone"]), told, json.loads(good) if good else None

        contract, zone, told, good = await ctx.db.run(look)
        if contract is None:
            topic = f"contract:{subscription}"
            raise Parked(f"the contract of {subscription} is not in Salesforce yet", waiting_on=(topic,))
        fields = {
            "Contract__c": contract, "Kind__c": told, "Origin__c": "sales" if deal else "platform",
            "Opportunity__c": deal or None, "Quantity__c": good["seats"] if good else news["quantity"],
            "CurrencyIsoCode": news["currency"], "Effective_On__c": calendar.day(float(news["at"]), zone).isoformat(),
        }  # fmt: skip
        row = f"{subscription}@{good['version']}" if good else str(news["key"])  # with what made it good: one change

        async def send(_refusals: int) -> str:
            await ctx.salesforce.write_contract_change(row, fields)
            return row

        def settled(unit: Unit, _reference: Any) -> None:
            data = {"subscription": subscription, "origin": fields["Origin__c"], "opportunity": deal,
                    "quantity": fields["Quantity__c"], "effective_on": fields["Effective_On__c"]}  # fmt: skip
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
            if decision is None or decision["kind"] != "won":
                return ""
            return str(decision["deal"]) if 0 <= int(news["at"]) - int(decision["until"]) <= 1 else ""
        marker = str(news["marker"])
        if marker:
            kinds = ("amendment", "amendment-kept")
            keys = [*(deal_key(ctx, one, marker) for one in kinds), deal_key(ctx, "renewal-now", turn_of(unit, marker))]
            effects = [unit.effects.get(key) for key in keys]
            correction = correcting(ctx, unit, marker)
            begun = unit.effects.get(correction) if correction else None
            forgotten = ctx.restored and not any(effects)  # the deal will be looked up again, and found
            if (
                begun
                or forgotten
                or any(effect is not None and effect.state in ("planned", "unknown") for effect in effects)
            ):
                raise Later(
                    UNKNOWN_S, f"whether {news['key']} is deal {marker}'s doing is not certain yet", counts=False
                )
        version, deal = int(news["version"]), marker.partition("+")[0]
        ours = version <= int(unit.cursors.get(change_key(marker)) or 0)
        return deal if ours and version not in corrections_of(unit, deal)["strangers"] else ""
