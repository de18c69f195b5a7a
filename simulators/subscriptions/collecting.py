"""Collect a customer's money at once: one charge for several invoices, what they do not need is excess payment."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import balances, customers, gateway, invoices, payment_intents, settlement, transactions
from simulators.subscriptions.billing import owner, rebalanced
from simulators.subscriptions.errors import Refused, bad_state, not_found, wrong
from simulators.subscriptions.invoices import Kept
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def of_customer(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/collect_payment."""
    customer = customers.live(work, key)
    wanted = _allocations(work, params, customer)
    amount = params.integer("amount", least=1)
    needed = sum(part for _, part in wanted)
    if amount is not None and amount < needed:
        raise wrong("amount", f"is less than the {needed} of the invoices")
    if amount is None and not needed:
        raise wrong("amount", "cannot be blank")
    params.choice("payment_initiator", ("customer", "merchant"))
    source = _source(work, params, customer)
    currency = wanted[0][0]["currency_code"] if wanted else customer["preferred_currency_code"]
    txn = _charge(work, customer, source, amount or needed, currency, wanted)
    if txn["status"] == "failure":
        raise Kept(Refused("payment_processing_failed", txn["error_text"]))
    return {"customer": customer, "transaction": txn}


def _allocations(work: Work, params: Params, customer: Doc) -> list[tuple[Doc, int]]:
    found: list[tuple[Doc, int]] = []
    for row in params.rows("invoice_allocations"):
        key = row.need("invoice_id")
        invoice = invoices.live(work, key, row.name("invoice_id"))
        if invoice["customer_id"] != customer["id"] or any(one is invoice for one, _ in found):
            raise row.wrong("invoice_id", "is not an invoice of the customer, or is named twice")
        invoices.must_be_open(invoice, "collect a payment for")
        part = row.integer("allocation_amount", least=1) or invoice["amount_to_collect"]
        if not 0 < part <= invoice["amount_to_collect"]:
            raise row.wrong("allocation_amount", f"at most {invoice['amount_to_collect']} is due")
        if found and found[0][0]["currency_code"] != invoice["currency_code"]:
            raise row.wrong("invoice_id", "has another currency than the first")
        found.append((invoice, part))
    return found


def _source(work: Work, params: Params, customer: Doc) -> Doc:
    chosen, intent = params.text("payment_source_id"), params.group("payment_intent")
    params.boolean("replace_primary_payment_source")
    params.boolean("retain_payment_source")
    if intent:
        return payment_intents.spend(work, intent, customer)
    if chosen is not None:
        source = work.need("payment_source", chosen, "payment_source_id")
        if source["customer_id"] != customer["id"] or source["deleted"]:
            raise not_found("payment_source_id", chosen)
        return source
    primary = settlement.source_for(work, customer, None)
    if primary is None:
        raise Refused("payment_method_not_present", "the customer has no payment source")
    return primary


def _charge(work: Work, customer: Doc, source: Doc, amount: int, currency: str, wanted: list[tuple[Doc, int]]) -> Doc:
    outcome, delay_s = gateway.outcome_for(work, source)
    txn = gateway.payment(work, source, amount, currency, outcome)
    for invoice, part in wanted:
        settlement.join(work, txn, invoice, part)
        if txn["status"] == "success":
            txn["amount_unused"] -= part
        rebalanced(work, invoice)
    if txn["amount_unused"]:
        balances.move(work, customer, "excess_payments", txn["amount_unused"], currency)
    work.save("transaction", txn)
    work.emit("transaction_created", transaction=txn, customer=customer)
    if txn["status"] in settlement.TOLD:
        work.emit(settlement.TOLD[txn["status"]], transaction=txn, customer=customer)
    for invoice, _ in wanted:
        work.emit("invoice_updated", invoice=invoice, customer=customer)
    settlement.watch(work, txn, outcome, delay_s)
    return txn


def of_invoice(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/collect_payment: charge now; a decline is the caller's error and is kept."""
    invoice = invoices.live(work, key)
    invoices.must_be_open(invoice, "collect a payment for")
    customer = work.need("customer", invoice["customer_id"])
    params.choice("payment_initiator", ("customer", "merchant"))
    most = invoice["amount_to_collect"]
    if not most:
        raise bad_state("payments that are in progress cover what is due")
    amount = params.integer("amount", least=1) or most
    if amount > most:
        raise wrong("amount", f"is more than the {most} due")
    chosen, blocked = params.text("payment_source_id"), params.text("authorization_transaction_id")
    source = settlement.source_for(work, customer, owner(work, invoice))
    if chosen is not None:
        source = work.need("payment_source", chosen, "payment_source_id")
    if blocked is not None:
        source = transactions.captured(work, blocked, customer, amount)
    if source is None:
        raise Refused("payment_method_not_present", "the customer has no payment source")
    txn = settlement.collect(work, invoice, customer, source, amount)
    if blocked is not None:
        txn["reference_authorization_id"] = blocked
        work.save("transaction", txn)
    if txn["status"] == "failure":
        raise Kept(Refused("payment_processing_failed", txn["error_text"]))
    return {"invoice": invoice, "transaction": txn}
