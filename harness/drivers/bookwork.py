"""People who edit a book by hand: through the vendors' own APIs, and at the legacy ERP through the clerk's page."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from harness.drivers.stage import Offer, Stage, StepFailed
from harness.money import exponent, minor

BY_HAND = "NS-99999"  # a receipt number that no ledger has given


async def edit_book(stage: Stage, facts: Any) -> str:
    """Do the act, and remember under the step's id which record it touched."""
    offer = stage.offer(facts.deal)
    record, said = await ACTS[facts.system, facts.act](stage, offer, facts.amount)
    stage.edits[facts.id] = record
    return f"by hand, in {facts.system}: {said}"


async def _bill(stage: Stage, offer: Offer) -> dict[str, Any]:
    return await stage.platform.bill_of(offer.opportunity_id, offer.buyer.account_id)


# -- Salesforce -------------------------------------------------------------------------------


async def _copy(stage: Stage, number: str) -> dict[str, Any]:
    rows = await stage.sales.query(f"SELECT Id, Gross__c FROM Invoice__c WHERE Invoice_Number__c = '{number}'")
    if not rows:
        raise StepFailed(f"Salesforce has no Invoice__c {number} to edit")
    return rows[0]


async def _change_copy(stage: Stage, offer: Offer, amount: Decimal) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    copy = await _copy(stage, number)
    gross = Decimal(str(copy["Gross__c"])) + amount
    await stage.sales.update("Invoice__c", copy["Id"], {"Gross__c": float(gross)})
    return number, f"Gross__c of {number} becomes {gross:,.2f}"


async def _delete_copy(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    await stage.sales.delete("Invoice__c", (await _copy(stage, number))["Id"])
    return number, f"Invoice__c {number} is deleted"


async def _change_share(stage: Stage, offer: Offer, amount: Decimal) -> tuple[str, str]:
    rows = await stage.sales.query(
        "SELECT Id, Net__c, Invoice__r.Invoice_Number__c FROM Invoice_Share__c "
        f"WHERE Contract__r.Opportunity__c = '{offer.origin}' ORDER BY Id DESC LIMIT 1"
    )
    if not rows:
        raise StepFailed(f"Salesforce shows no share of a bill for deal {offer.id}")
    net, number = Decimal(str(rows[0]["Net__c"])) + amount, rows[0]["Invoice__r"]["Invoice_Number__c"]
    await stage.sales.update("Invoice_Share__c", rows[0]["Id"], {"Net__c": float(net)})
    return number, f"Net__c of what {offer.id} has of {number} becomes {net:,.2f}"


async def _credit_copy(stage: Stage, offer: Offer) -> dict[str, Any]:
    """The youngest credit note of the deal's bill."""
    number = (await _bill(stage, offer))["id"]
    rows = await stage.sales.query(
        f"SELECT Id, Gross__c, Credit_Number__c FROM Credit_Note__c WHERE Invoice__r.Invoice_Number__c = '{number}' "
        "ORDER BY Id DESC LIMIT 1"
    )
    if not rows:
        raise StepFailed(f"Salesforce has no Credit_Note__c of {number} to edit")
    return rows[0]


async def _change_credit(stage: Stage, offer: Offer, amount: Decimal) -> tuple[str, str]:
    copy = await _credit_copy(stage, offer)
    number, gross = copy["Credit_Number__c"], Decimal(str(copy["Gross__c"])) + amount
    await stage.sales.update("Credit_Note__c", copy["Id"], {"Gross__c": float(gross)})
    return number, f"Gross__c of {number} becomes {gross:,.2f}"


async def _delete_credit(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    copy = await _credit_copy(stage, offer)
    await stage.sales.delete("Credit_Note__c", copy["Id"])
    return copy["Credit_Number__c"], f"Credit_Note__c {copy['Credit_Number__c']} is deleted"


async def _delete_payment_copy(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    rows = await stage.sales.query(
        f"SELECT Id, Payment_Key__c FROM Payment__c WHERE Invoice__r.Invoice_Number__c = '{number}'"
    )
    if not rows:
        raise StepFailed(f"Salesforce has no Payment__c of {number} to delete")
    await stage.sales.delete("Payment__c", rows[0]["Id"])
    return rows[0]["Payment_Key__c"], f"Payment__c {rows[0]['Payment_Key__c']} is deleted"


# -- subscription platform --------------------------------------------------------------------


async def _record_payment(stage: Stage, offer: Offer, amount: Decimal) -> tuple[str, str]:
    bill = await _bill(stage, offer)
    fields = {"transaction[amount]": minor(amount, offer.currency), "transaction[payment_method]": "bank_transfer",
              "transaction[reference_number]": BY_HAND}  # fmt: skip
    await stage.platform.do(f"/invoices/{bill['id']}/record_payment", fields)
    return BY_HAND, f"a payment of {amount:,.2f} is recorded on {bill['id']} as if the ledger had received {BY_HAND}"


async def _remove_payment(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    bill = await _bill(stage, offer)
    payments = [one for one in await stage.platform.payments_of(bill) if one.get("reference_number")]
    if not payments:
        raise StepFailed(f"the platform has no recorded payment of {bill['id']} to delete")
    payment = payments[0]
    await stage.platform.do(f"/invoices/{bill['id']}/remove_payment", {"transaction[id]": payment["id"]})
    await stage.platform.do(f"/transactions/{payment['id']}/delete_offline_transaction", {})
    return payment["reference_number"], f"the recorded payment {payment['reference_number']} is taken off and deleted"


# -- cloud ERP --------------------------------------------------------------------------------


async def _change_posting(stage: Stage, offer: Offer, amount: Decimal) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    invoice = await stage.cloud_clerk.invoice(number)
    line = (await stage.cloud_clerk.record("invoice", invoice["id"]))["item"]["items"][0]
    worth = Decimal(str(line["amount"])) + amount
    change = {"item": {"items": [{"line": line["line"], "amount": float(worth)}]}}
    await stage.cloud_clerk.change("invoice", invoice["id"], change)
    return number, f"the first line of invoice {number} becomes {worth:,.2f}"


async def _delete_posting(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    await stage.cloud_clerk.delete("invoice", (await stage.cloud_clerk.invoice(number))["id"])
    return number, f"invoice {number} is deleted"


async def _delete_receipt(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    invoice = await stage.cloud_clerk.invoice(number)
    rows = await stage.cloud_clerk.suiteql(
        "SELECT k.nextdoc AS id, t.externalid FROM previoustransactionlinelink k JOIN transaction t ON t.id = k.nextdoc"
        f" WHERE k.previousdoc = {invoice['id']}"
    )
    if not rows:
        raise StepFailed(f"the cloud ERP has no payment of {number} to delete")
    await stage.cloud_clerk.delete("customerPayment", rows[0]["id"])
    external = str(rows[0].get("externalid") or "")
    key = f"CB:{external.removeprefix('CBTXN-')}" if external else f"NS-{rows[0]['id']}"
    return key, f"payment {rows[0]['id']} of {number} is deleted"


async def _post_journal(stage: Stage, offer: Offer, amount: Decimal) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    clerk = stage.cloud_clerk
    invoice = await clerk.invoice(number)
    rows = await clerk.suiteql("SELECT a.id, a.accttype FROM account a WHERE a.accttype IN ('AcctRec', 'Income')")
    accounts = {row["accttype"]: row["id"] for row in reversed(rows)}
    entity, worth = {"id": invoice["entity"]}, float(round(amount, exponent(offer.currency)))
    body = {
        "subsidiary": {"id": invoice["subsidiary"]}, "currency": {"id": invoice["currency"]},
        "tranDate": stage.today().isoformat(), "memo": f"correction of {number}",
        "line": {"items": [{"account": {"id": accounts["AcctRec"]}, "debit": worth, "entity": entity},
                           {"account": {"id": accounts["Income"]}, "credit": worth}]},
    }  # fmt: skip
    made = await clerk.create("journalEntry", body)
    name = (await clerk.suiteql(f"SELECT t.tranid FROM transaction t WHERE t.id = {made}"))[0]["tranid"]
    return f"journal {name}", f"journal {name} debits the receivables with {amount:,.2f}"


async def _add_customer(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    """A clerk who does not find the customer makes another of the same name, without our key."""
    clerk = stage.cloud_clerk
    invoice = await clerk.invoice((await _bill(stage, offer))["id"])
    body = {"companyName": offer.buyer.name, "isPerson": False, "subsidiary": {"id": invoice["subsidiary"]},
            "currency": {"id": invoice["currency"]}}  # fmt: skip
    made = await clerk.create("customer", body)
    return made, f"a second customer {offer.buyer.name} is made ({made})"


# -- legacy ERP -------------------------------------------------------------------------------


async def _reverse(stage: Stage, offer: Offer, _: Any) -> tuple[str, str]:
    number = (await _bill(stage, offer))["id"]
    books = await stage.world.control("erp_legacy", "GET", "/_control/books")
    heads = [row for row in books["document"] if row.get("XBLNR") == number and row.get("BLART") == "DR"]
    if not heads:
        raise StepFailed(f"the legacy ERP has not posted {number} yet, so nobody can reverse it")
    place = {name: heads[0][name] for name in ("BUKRS", "BELNR", "GJAHR")}
    await stage.world.control("erp_legacy", "POST", "/_control/act/reverse_document", {**place, "STGRD": "01"})
    return number, f"the clerk reverses document {place['BELNR']} of {number}"


Act = Callable[[Stage, Offer, Any], Awaitable[tuple[str, str]]]
ACTS: dict[tuple[str, str], Act] = {
    ("salesforce", "change_invoice"): _change_copy,
    ("salesforce", "delete_invoice"): _delete_copy,
    ("salesforce", "change_share"): _change_share,
    ("salesforce", "change_credit"): _change_credit,
    ("salesforce", "delete_credit"): _delete_credit,
    ("salesforce", "delete_payment"): _delete_payment_copy,
    ("subscriptions", "record_payment"): _record_payment,
    ("subscriptions", "delete_payment"): _remove_payment,
    ("erp_cloud", "change_invoice"): _change_posting,
    ("erp_cloud", "delete_invoice"): _delete_posting,
    ("erp_cloud", "delete_payment"): _delete_receipt,
    ("erp_cloud", "post_journal"): _post_journal,
    ("erp_cloud", "add_customer"): _add_customer,
    ("erp_legacy", "reverse_invoice"): _reverse,
}
"""Who can do what to which book, as the model of the step allows: each answers with the record and a sentence."""
