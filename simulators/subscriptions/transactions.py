"""Transactions by themselves: authorizations, their capture and void, and payments that somebody reconciles."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import customers, gateway, gateway_answers, settlement
from simulators.subscriptions.errors import Refused, bad_state, not_found
from simulators.subscriptions.invoices import Kept
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]

EXPIRES_S = 7 * 86_400


def create_authorization(work: Work, params: Params) -> Result:
    """POST /transactions/create_authorization: an amount is blocked on the payment source."""
    customer = customers.live(work, params.need("customer_id"), "customer_id")
    amount = params.number("amount", least=1)
    currency = (params.currency("currency_code") or customer["preferred_currency_code"]).upper()
    chosen = params.text("payment_source_id")
    if chosen is not None and work.need("payment_source", chosen, "payment_source_id")["customer_id"] != customer["id"]:
        raise not_found("payment_source_id", chosen)
    source = work.get("payment_source", chosen) if chosen else settlement.source_for(work, customer, None)
    if source is None or source["deleted"]:
        raise Refused("payment_method_not_present", "the customer has no payment source")
    outcome, _ = gateway.outcome_for(work, source)
    txn = gateway.payment(work, source, amount, currency, outcome)
    txn |= {"type": "authorization", "authorization_reason": "blocking_funds", "amount_unused": 0}
    if txn["status"] == "success":
        txn["amount_capturable"] = amount
    work.save("transaction", txn)
    work.emit("transaction_created", transaction=txn, customer=customer)
    if txn["status"] != "success":
        raise Kept(Refused("payment_processing_failed", txn.get("error_text", "the gateway gave no answer")))
    work.emit("authorization_succeeded", transaction=txn, customer=customer)
    return {"transaction": txn}


def void(work: Work, _params: Params, key: str) -> Result:
    """POST /transactions/{id}/void: an authorization that was not captured is released."""
    txn = work.need("transaction", key)
    if txn["type"] != "authorization" or txn["status"] != "success" or not txn["amount_capturable"]:
        raise bad_state("only a successful authorization that is not captured can be voided")
    txn["status"], txn["voided_at"], txn["amount_capturable"] = "voided", work.at, 0
    work.save("transaction", txn)
    customer = work.need("customer", txn["customer_id"])
    work.emit("transaction_updated", transaction=txn, customer=customer)
    work.emit("authorization_voided", transaction=txn, customer=customer)
    return {"transaction": txn}


def reconcile(work: Work, params: Params, key: str) -> Result:
    """POST /transactions/{id}/reconcile: what became of a payment that needs attention, or is in progress."""
    txn = work.need("transaction", key)
    own = params.text("customer_id")
    if own is not None and own != txn["customer_id"]:
        raise params.wrong("customer_id", "is not the customer of the transaction")
    at_gateway = params.text("id_at_gateway")
    if at_gateway is not None:
        txn["id_at_gateway"] = at_gateway
    status = params.choice("status", ("success", "failure"), required=True)
    assert status is not None
    gateway_answers.reconciled(work, txn, status)
    return {"transaction": txn}


def captured(work: Work, key: str, customer: Doc, amount: int) -> Doc:
    """Use up an authorization of the customer: the payment source that it was made on. Refused beyond its amount."""
    txn = work.need("transaction", key, "authorization_transaction_id")
    good = txn["type"] == "authorization" and txn["status"] == "success" and txn["customer_id"] == customer["id"]
    if not good or txn["amount_capturable"] < amount:
        raise bad_state(f"{key} has no such amount to capture", "authorization_transaction_id")
    txn["amount_capturable"] = 0
    work.save("transaction", txn)
    work.emit("transaction_updated", transaction=txn, customer=customer)
    return work.need("payment_source", txn["payment_source_id"])
