"""What is left when a subscription ends: unbilled charges, open invoices, credits that can be paid back."""

from simulators.kit.store import Doc
from simulators.subscriptions import gateway, invoices, pauses, refunds, unbilled
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_invoice import OPEN
from simulators.subscriptions.work import Work


def unbilled_lines(work: Work, customer: Doc, subscription: Doc, option: str) -> list[Doc]:
    """The lines of the unbilled charges that are to be billed; with the option `delete` the charges are voided."""
    if option == "invoice":
        return unbilled.sweep(work, customer, subscription)
    unbilled.void(work, customer, subscription, unbilled.held(work, subscription))
    return []


def settle(work: Work, customer: Doc, subscription: Doc, receivables: str, credits: str) -> None:
    """Write off or collect what is open, refund by the gateway what is refundable."""
    if receivables == "write_off":
        for invoice in work.find("invoice", subscription_id=subscription["id"]):
            if invoice["status"] in OPEN and not invoice["deleted"]:
                invoices.write_off(work, Params({}), invoice["id"])
    elif receivables == "schedule_payment_collection":
        pauses.collect_open(work, customer, subscription)
    if credits == "schedule_refund":
        for note in work.find("credit_note", customer_id=customer["id"], status="refund_due"):
            if note.get("subscription_id") == subscription["id"] and _paid_by_card(work, note):
                refunds.refund_note(work, Params({}), note["id"])


def _paid_by_card(work: Work, note: Doc) -> bool:
    """Whether one payment through the gateway is left from which the note can be refunded."""
    invoice = work.need("invoice", note["reference_invoice_id"])
    paid = [work.need("transaction", link["txn_id"]) for link in invoice["linked_payments"]]
    return any(
        txn["amount"] - sum(refund["txn_amount"] for refund in txn["linked_refunds"]) >= note["amount_available"]
        for txn in paid if txn["status"] == "success" and txn["gateway"] == gateway.NAME
    )  # fmt: skip
