"""What sales sees: a deal's sync status, bills and payments; all of it levels, written when they differ."""

from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.books import DocumentKind
from synccore.domain.credits import Credit
from synccore.domain.deals import Deal
from synccore.domain.keys import digest
from synccore.domain.money import major
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.adjustments import credit_posted
from synccore.processes.collections import note_bill
from synccore.processes.context import Context
from synccore.processes.ledger_of_record import document_of
from synccore.processes.writes import Write, doubt_until, doubted, lingering

STATUS = {
    "pending": "Pending", "posted": "Open", "payment_due": "Due", "not_paid": "Not Paid", "paid": "Paid",
    "voided": "Voided",
}  # fmt: skip
_SHARES: dict[DocumentKind, tuple[str, str]] = {
    "invoice": ("bill-shares", "bill"),
    "credit": ("credit-shares", "credit"),
}
ERROR_LENGTH = 255
BLOCKED = "Blocked"  # a deal that waits for a person, as sales sees it
REASON_LENGTH = 60  # a free text at the platform, a short one in sales


async def report_deal(ctx: Context, deal: Deal, status: str, reason: str, subscription: str = "") -> None:
    """Sync status and error on the opportunity, and the subscription that it concerns."""
    fields: dict[str, Any] = {"Sync_Status__c": status, "Sync_Error__c": reason[:ERROR_LENGTH] or None}
    if subscription:
        fields["Subscription_Id__c"] = subscription
    key = ctx.keys.effect("salesforce", "deal-status", deal.id)

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_deal_status(deal.id, fields)
        return deal.id

    write = Write(key, "salesforce", "deal-status", f"opportunity:{deal.id}", digest(fields))
    await ctx.once(ctx, write, send)


def bill_fields(ctx: Context, bill: Bill, zone: str, posting: str, document: str, contract: str) -> dict[str, Any]:
    """Invoice__c of a bill. `posting`: where it stands in the ledger; `document`: its number there."""
    fields: dict[str, Any] = {
        "Account__c": ctx.keys.account_of(bill.customer_id),
        "CurrencyIsoCode": bill.currency,
        "Net__c": major(bill.gross - bill.tax, bill.currency),
        "Tax__c": major(bill.tax, bill.currency),
        "Gross__c": major(bill.gross, bill.currency),
        "Balance__c": major(bill.due, bill.currency),
        "Issue_Date__c": calendar.day(bill.issued_at, zone).isoformat(),
        "Due_Date__c": calendar.day(bill.due_at, zone).isoformat() if bill.due_at is not None else None,
        "Status__c": STATUS.get(bill.status, bill.status),
        "ERP_Document__c": document or None,
        "Posting_Status__c": posting,
    }
    opportunity = ctx.keys.opportunity_of(bill.subscription_id, bill.po_number)
    if opportunity:
        fields["Opportunity__c"] = opportunity
    if contract:
        fields["Contract__c"] = contract
    if bill.replaces:
        fields["Replaces__c"] = bill.replaces
    return fields


def contract_of(ctx: Context, unit: Unit, bill: Bill) -> str:
    """Id of the contract in sales. Parks while a contract of ours is not there yet: the bill is its child."""
    return _contract(ctx, unit, bill.subscription_id)


def _contract(ctx: Context, unit: Unit, subscription: str) -> str:
    if not subscription or not ctx.keys.opportunity_of(subscription, ""):
        return ""
    contract = unit.links.external("contract", subscription, "salesforce")
    if contract is None:
        topic = f"contract:{subscription}"
        raise Parked(f"the contract of {subscription} is not in Salesforce yet", waiting_on=(topic,))
    return contract


async def show_bill(ctx: Context, bill: Bill, zone: str, posting: str, document: str) -> None:
    """Invoice__c brought to the bill's present state; older truth never overwrites newer."""

    fields: dict[str, Any] = {}

    def prepare(unit: Unit) -> str | None:
        nonlocal fields
        contract = contract_of(ctx, unit, bill)
        if bill.version < int(unit.cursors.get(f"bill/{bill.id}") or 0):
            return None
        fields = bill_fields(ctx, bill, zone, posting, document, contract)
        return digest(fields)

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_bill(bill.id, fields)
        return bill.id

    write = Write(bill_key(ctx, bill.id), "salesforce", "bill", f"bill:{bill.id}", prepare=prepare)
    await ctx.once(ctx, write, send, None, lambda unit, _: seen_version(ctx, unit, bill))
    await _show_shares(ctx, "invoice", bill)


async def _show_shares(ctx: Context, kind: DocumentKind, bill: Bill) -> None:
    """A bill of several contracts stands under none of them, so what each has of it is shown beside: Invoice_Share__c.
    A credit note of several likewise: Credit_Share__c.

    What the lines say of contracts that sales does not know, and what belongs to no contract, is in the bill alone.
    """
    if len(bill.subscriptions) < 2:
        return
    shares: dict[str, dict[str, Any]] = {}

    def prepare(unit: Unit) -> str | None:
        for subscription in bill.subscriptions:
            contract = _contract(ctx, unit, subscription)
            net, tax = bill.share(subscription)
            amounts = {"Net__c": net, "Tax__c": tax, "Gross__c": net + tax}
            if contract:
                shares[f"{bill.id}/{subscription}"] = {
                    "Contract__c": contract, "Opportunity__c": ctx.keys.opportunity_of(subscription, ""),
                    "CurrencyIsoCode": bill.currency,
                    **{name: major(amount, bill.currency) for name, amount in amounts.items()},
                }  # fmt: skip
        return digest(shares) if shares else None

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_shares(kind, bill.id, shares)
        return bill.id

    what, subject = _SHARES[kind]
    key = ctx.keys.effect("salesforce", what, bill.id)
    await ctx.once(ctx, Write(key, "salesforce", what, f"{subject}:{bill.id}", prepare=prepare), send)


def bill_key(ctx: Context, number: str) -> str:
    """Effect key of a bill's copy in sales."""
    return ctx.keys.effect("salesforce", "bill", number)


async def show_credit(ctx: Context, credit: Credit, zone: str, posting: str, document: str) -> None:
    """Credit_Note__c brought to the note's present state; its bill must be in sales already."""

    fields: dict[str, Any] = {
        "Account__c": ctx.keys.account_of(credit.customer_id),
        "CurrencyIsoCode": credit.currency,
        "Net__c": major(credit.gross - credit.tax, credit.currency),
        "Tax__c": major(credit.tax, credit.currency),
        "Gross__c": major(credit.gross, credit.currency),
        "Available__c": major(credit.available, credit.currency),
        "Issue_Date__c": calendar.day(credit.issued_at, zone).isoformat(),
        "Reason__c": credit.reason[:REASON_LENGTH] or None,
        "Status__c": credit.status,
        "ERP_Document__c": document or None,
        "Posting_Status__c": posting,
    }

    def prepare(unit: Unit) -> str | None:
        if unit.effects.get(bill_key(ctx, credit.bill)) is None:
            topic = f"bill:{credit.bill}"
            raise Parked(f"bill {credit.bill} of credit note {credit.id} is not in Salesforce yet", waiting_on=(topic,))
        contract = contract_of(ctx, unit, credit.as_bill())
        if contract:
            fields["Contract__c"] = contract
        return None if credit.version < int(unit.cursors.get(f"credit/{credit.id}") or 0) else digest(fields)

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_credit(credit.id, fields, credit.bill)
        return credit.id

    def settled(unit: Unit, _reference: Any) -> None:
        unit.cursors.set(f"credit/{credit.id}", str(credit.version))
        if document:
            credit_posted(ctx, unit, credit)

    key = ctx.keys.effect("salesforce", "credit", credit.id)
    write = Write(key, "salesforce", "credit", f"credit:{credit.id}", prepare=prepare)
    await ctx.once(ctx, write, send, None, settled)
    await _show_shares(ctx, "credit", credit.as_bill())


def seen_version(ctx: Context, unit: Unit, bill: Bill) -> None:
    """Sales has seen this version of the bill."""
    unit.work.wake(f"bill:{bill.id}", ctx.clock.now())
    note_bill(ctx, unit, ctx.keys.account_of(bill.customer_id), bill, ctx.clock.now())
    if bill.version > int(unit.cursors.get(f"bill/{bill.id}") or 0):
        unit.cursors.set(f"bill/{bill.id}", str(bill.version))


async def show_receipt(ctx: Context, key: str, fields: dict[str, Any], bill: Bill, zone: str) -> None:
    """Payment__c and the Invoice__c that it pays, in one transaction of sales; a bill that has moved on since it was
    shown with this payment is brought up to date by itself.
    """
    shown: dict[str, Any] = {}
    document, written, doubt = "", False, 0.0

    def bill_planned(unit: Unit) -> None:
        cause, at = f"payment:{key}", ctx.clock.now()
        unit.effects.plan(bill_key(ctx, bill.id), "salesforce", "bill", digest(shown), cause, at)

    def prepare(unit: Unit) -> str:
        nonlocal shown, document, doubt
        document = document_of(ctx.keys, unit, "invoice", bill.id) or ""
        shown = bill_fields(ctx, bill, zone, "Posted", document, contract_of(ctx, unit, bill))
        known = unit.effects.get(effect)
        doubt = doubt_until(unit.effects.get(bill_key(ctx, bill.id)), digest(shown), ctx.clock.now())
        if known is None or known.state != "applied" or known.digest != digest(fields):
            bill_planned(unit)  # should the answer get lost, what shows the bill next knows that this is under way
            if doubt:
                doubted(unit, bill_key(ctx, bill.id), doubt, ctx.clock.now())
        return digest(fields)

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_receipt(key, fields, bill.id, shown)
        return key

    def settled(unit: Unit, _reference: Any) -> None:
        nonlocal written
        written = True
        if doubt:  # another receipt of this bill, or an earlier try, may yet be applied, and says what was open then
            doubted(unit, bill_key(ctx, bill.id), doubt, ctx.clock.now())
        else:
            unit.effects.settle(bill_key(ctx, bill.id), "applied", bill.id, ctx.clock.now())
        seen_version(ctx, unit, bill)

    effect = ctx.keys.effect("salesforce", "receipt", f"{key}/{bill.id}")
    await ctx.once(ctx, Write(effect, "salesforce", "receipt", f"payment:{key}", prepare=prepare), send, None, settled)
    if written and doubt:
        raise lingering(bill_key(ctx, bill.id))
    if not written:
        await show_bill(ctx, bill, zone, "Posted", document)


async def show_loose(ctx: Context, key: str, fields: dict[str, Any]) -> None:
    """Payment__c of what no bill uses."""

    async def send(_refusals: int) -> str:
        await ctx.salesforce.write_receipt(key, fields, "", {})
        return key

    effect = ctx.keys.effect("salesforce", "receipt", key)
    await ctx.once(ctx, Write(effect, "salesforce", "receipt", f"payment:{key}", digest(fields)), send)


def receipt_fields(
    account: str, currency: str, amount: int, on: str, method: str, origin: str, kind: str = "Payment"
) -> dict[str, Any]:
    """Payment__c of one application of a payment; what went back has a minus."""
    return {
        "Account__c": account,
        "CurrencyIsoCode": currency,
        "Amount__c": major(amount, currency),
        "Received_On__c": on,
        "Method__c": method or None,
        "Origin__c": origin,
        "Kind__c": kind,
    }
