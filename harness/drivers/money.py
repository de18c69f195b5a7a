"""What sellers, banks and customers do about money that goes back, through each system's own ways."""

from decimal import Decimal
from typing import Any

from harness.drivers.legacy_clerk import paid_out
from harness.drivers.stage import Offer, Stage, StepFailed
from harness.money import minor, text

Row = dict[str, Any]


async def _bills(stage: Stage, offer: Offer) -> list[Row]:
    return await stage.platform.bills_of(offer.origin, offer.buyer.account_id)


def _words(amount: int, currency: str) -> str:
    return f"{text(amount, currency)} {currency}"


async def credit(stage: Stage, facts: Any) -> str:
    """A credit note: an adjustment of what is due, or refundable of what was paid."""
    offer = stage.offer(facts.deal)
    bill = await stage.platform.bill_of(offer.origin, offer.buyer.account_id)
    paid = bill["amount_due"] == 0
    most = bill["amount_paid"] if paid else bill["amount_due"]
    total = most if facts.amount is None else minor(facts.amount, offer.currency)
    fields = {"reference_invoice_id": bill["id"], "type": "refundable" if paid else "adjustment", "total": total,
              "reason_code": facts.reason}  # fmt: skip
    note = (await stage.platform.do("/credit_notes", fields))["credit_note"]
    return f"{_words(total, offer.currency)} of {bill['id']} is credited by {note['id']}"


async def refund(stage: Stage, facts: Any) -> str:
    """By the credit note that still owes something, else by a note of its own."""
    offer = stage.offer(facts.deal)
    wanted = None if facts.amount is None else minor(facts.amount, offer.currency)
    note = await _note(stage, offer, ("refund_due",))
    if note is not None:
        path, most = f"/credit_notes/{note['id']}", note["amount_available"]
    else:
        bill = await stage.platform.bill_of(offer.origin, offer.buyer.account_id)
        path, most = f"/invoices/{bill['id']}", bill["amount_paid"]
    amount = most if wanted is None else wanted
    if facts.by == "card":
        await stage.platform.do(f"{path}/refund", {"refund_amount": amount})
    else:
        fields = {"transaction[amount]": amount, "transaction[payment_method]": "bank_transfer",
                  "transaction[reference_number]": f"OUT-{offer.id}"}  # fmt: skip
        await stage.platform.do(f"{path}/record_refund", fields)
    return f"{_words(amount, offer.currency)} go back to {offer.buyer.name} by {facts.by}"


async def _note(stage: Stage, offer: Offer, statuses: tuple[str, ...]) -> Row | None:
    numbers = {bill["id"] for bill in await _bills(stage, offer)}
    notes = [note for note in await stage.platform.credit_notes(statuses) if note["reference_invoice_id"] in numbers]
    return max(notes, key=lambda note: (note["date"], note["id"])) if notes else None


async def chargeback(stage: Stage, facts: Any) -> str:
    """The youngest card payment of the deal's bills is disputed."""
    offer = stage.offer(facts.deal)
    payments = [
        payment for bill in await _bills(stage, offer) for payment in await stage.platform.payments_of(bill)
        if payment["status"] == "success" and payment["gateway"] != "not_applicable"
    ]  # fmt: skip
    if not payments:
        raise StepFailed(f"no card payment of deal {facts.deal} could be charged back")
    payment = max(payments, key=lambda one: (one["date"], one["id"]))
    await stage.world.control("subscriptions", "POST", "/_control/act/chargeback", {"transaction_id": payment["id"]})
    return f"the bank of {offer.buyer.name} takes {_words(payment['amount'], offer.currency)} back"


async def bank_return(stage: Stage, facts: Any) -> str:
    """In the ledger of the deal's entity."""
    offer = stage.offer(facts.deal)
    bills = await _bills(stage, offer)
    numbers = [bill["id"] for bill in bills]
    if await stage.carrier_of(bills[0], offer.buyer.entity) == "erp_cloud":
        try:
            today = stage.today(offer.buyer.entity).isoformat()
            payment, amount = await stage.cloud_clerk.return_transfer(numbers, today)
            return f"the bank returns {amount} {offer.currency} of {offer.buyer.name} (receipt {payment})"
        except StepFailed:
            if stage.ledger_of(bills[0], offer.buyer.entity) == "erp_cloud":
                raise  # the other ledger never had the bill: what was paid of one before its move is returned there
    books = await stage.world.control("erp_legacy", "GET", "/_control/books")
    paid = [row for row in books["document"] if row.get("BLART") == "DZ" and row.get("ZPAYXBLNR") in numbers
            and not row["STBLG"] and Decimal(row["ZPAYWRBTR"]) > 0]  # fmt: skip
    if not paid:
        raise StepFailed(f"the legacy ERP knows no transfer for deal {facts.deal}")
    row = max(paid, key=lambda one: one["BELNR"])
    place = {name: row[name] for name in ("BUKRS", "BELNR", "GJAHR")}
    await stage.world.control("erp_legacy", "POST", "/_control/act/bank_return", place)
    return f"the bank returns {row['ZPAYWRBTR']} {offer.currency} of {offer.buyer.name} (document {row['BELNR']})"


async def void_payment(stage: Stage, facts: Any) -> str:
    """By the page of the cloud ERP: REST has no call that voids, and one that deletes."""
    offer = stage.offer(facts.deal)
    payment, amount = await stage.cloud_clerk.youngest_transfer([bill["id"] for bill in await _bills(stage, offer)])
    if facts.how == "delete":
        await stage.cloud_clerk.delete("customerPayment", payment["id"])
        return f"{amount} {offer.currency} of {offer.buyer.name} never were: payment {payment['id']} is deleted"
    arguments = {"record": "customerPayment", "id": payment["id"]}
    await stage.world.control("erp_cloud", "POST", "/_control/act/void_record", arguments)
    return f"{amount} {offer.currency} of {offer.buyer.name} were never received: payment {payment['id']} is voided"


async def apply_cash(stage: Stage, facts: Any) -> str:
    """On the payment's own page: its list of bills says how much of each it settles."""
    offer, other = stage.offer(facts.of), stage.offer(facts.to)
    numbers = [bill["id"] for bill in await _bills(stage, offer)]
    bill = await stage.platform.bill_of(other.origin, other.buyer.account_id)
    off = [] if facts.off is None else [one["id"] for one in await _bills(stage, stage.offer(facts.off))]
    payment, amount = await stage.cloud_clerk.apply_cash(numbers, bill["id"], facts.amount, off)
    return f"{amount:,.2f} {offer.currency} of receipt {payment} of {offer.buyer.name} are set against {bill['id']}"


async def pay_out(stage: Stage, facts: Any) -> str:
    """In the ledger that has the credit memos."""
    offers = [stage.offer(name) for name in facts.deal]
    notes = [await _note(stage, offer, ("refund_due",)) for offer in offers]
    numbers = [str(note["id"]) for note in notes if note is not None]
    if len(numbers) < len(offers):
        raise StepFailed(f"deal {', '.join(facts.deal)}: not each has a credit note that owes anything")
    buyer, bill = offers[0].buyer, (await _bills(stage, offers[0]))[0]
    if await stage.carrier_of(bill, buyer.entity) == "erp_cloud":
        today = stage.today(buyer.entity).isoformat()
        worth = await stage.cloud_clerk.pay_out(numbers, facts.amount, today)
    else:
        worth = sum([await paid_out(stage, number, facts.amount) for number in numbers], Decimal(0))
    return f"the bank pays {worth:,.2f} {offers[0].currency} of {', '.join(numbers)} out to {buyer.name}"


async def cancel(stage: Stage, facts: Any) -> str:
    """By the platform's own operation; the contract term ends with it."""
    offer = stage.offer(facts.deal)
    subscription = await stage.platform.subscription_of(offer.origin)
    fields: Row = {"cancel_reason_code": "Not required"}
    if facts.at == "now":
        fields |= {"contract_term_cancel_option": "terminate_immediately",
                   "credit_option_for_current_term_charges": facts.credit}  # fmt: skip
    else:
        fields["contract_term_cancel_option"] = "end_of_contract_term"
    await stage.platform.do(f"/subscriptions/{subscription}/cancel_for_items", fields)
    stage.customer_changes.add(f"{subscription} {stage.site_day() if facts.at == 'now' else ''}")
    stage.customer_changes.add(f"{subscription} ")
    when = f"now, credit: {facts.credit}" if facts.at == "now" else "at its end"
    return f"the contract of {offer.buyer.name} is cancelled {when}"


async def void(stage: Stage, facts: Any) -> str:
    """Only what the platform lets void: nothing of it was used."""
    offer = stage.offer(facts.deal)
    if facts.what == "bill":
        bill = await stage.platform.bill_of(offer.origin, offer.buyer.account_id)
        await stage.platform.do(f"/invoices/{bill['id']}/void", {})
        return f"bill {bill['id']} is void"
    note = await _note(stage, offer, ("refund_due",))
    if note is None:
        raise StepFailed(f"deal {facts.deal} has no credit note that could be voided")
    await stage.platform.do(f"/credit_notes/{note['id']}/void", {})
    return f"credit note {note['id']} is void"


async def rebill(stage: Stage, facts: Any) -> str:
    """Charges of their own for the bill's subscription or customer; the note says what they replace."""
    offer = stage.offer(facts.deal)
    bills = await _bills(stage, offer)
    wrong = max(bills, key=lambda bill: (bill["date"], bill["id"]))
    whose = {"subscription_id": wrong["subscription_id"]} if wrong.get("subscription_id") else {
        "customer_id": wrong["customer_id"]}  # fmt: skip
    fields: Row = {**whose, "invoice_note": f"Replaces {wrong['id']}"}
    if facts.po:
        fields["po_number"] = facts.po
    for index, (sku, net) in enumerate(facts.lines.items()):
        fields |= {f"charges[amount][{index}]": minor(net, offer.currency), f"charges[description][{index}]": sku}
    made = (await stage.platform.do("/invoices/create_for_charge_items_and_charges", fields))["invoice"]
    return f"{made['id']} bills anew what {wrong['id']} had wrong: {_words(made['total'], offer.currency)}"


async def note_debt(stage: Stage, facts: Any) -> str:
    """In the fields of the account that people keep."""
    buyer = stage.buyer(facts.customer)
    if facts.promised is not None:
        await stage.sales.update("Account", buyer.account_id, {"Promise_To_Pay__c": facts.promised.isoformat()})
        return f"{buyer.name} has promised to pay by {facts.promised}"
    offer = stage.offer(facts.disputes)
    bill = await stage.platform.bill_of(offer.origin, offer.buyer.account_id)
    await stage.sales.update("Account", buyer.account_id, {"Disputed_Invoices__c": bill["id"]})
    return f"{buyer.name} disputes {bill['id']}"
