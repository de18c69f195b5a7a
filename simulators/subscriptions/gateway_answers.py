"""What the gateway says after the charge: debits that clear or bounce, late failures, chargebacks, reconciliation."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import balances, credit_notes, dunning, gateway, refunds
from simulators.subscriptions.billing import rebalanced
from simulators.subscriptions.errors import Refused, bad_state
from simulators.subscriptions.rules_invoice import UNDER_WAY
from simulators.subscriptions.work import Work

exact(
    "a chargeback makes a refundable credit note with reason `chargeback` and the record of its refund",
    source="documented",
    held_by="test_sdk_money::test_a_chargeback_credits_the_invoice_and_records_the_refund",
)
approximate(
    "chargebacks",
    "come by the act `chargeback`; with the site setting `chargeback: reopen` a payment_reversal opens "
    "the invoice again; disputes that are won are not played",
    source="ours",
)
approximate(
    "debits",
    "in progress for three days by default, told as payment_initiated; `amount_to_collect` leaves out "
    "what is in progress",
    source="ours",
)

LATE = ("late_failure", "(110) The bank returned the payment.")
DISPUTED = ("chargeback", "(111) The customer disputed the payment.")


def answered(work: Work, job: Job) -> None:
    """A payment that was in progress has cleared or bounced."""
    txn = work.get("transaction", job.payload["id"])
    if txn is not None and txn["status"] == "in_progress":
        resolve(work, txn, job.payload["status"], gateway.RETURNED)


def resolve(work: Work, txn: Doc, status: str, error: tuple[str, str]) -> None:
    """Bring a payment under way to `success` or `failure`, with its invoices; what they need no more is excess."""
    customer = work.need("customer", txn["customer_id"])
    txn["status"] = status
    if status == "failure":
        txn["error_code"], txn["error_text"] = error
    left = txn["amount"] if status == "success" else 0
    invoices: list[Doc] = []
    for entry in txn["linked_invoices"]:
        invoice = work.need("invoice", entry["invoice_id"])
        link = next(one for one in invoice["linked_payments"] if one["txn_id"] == txn["id"])
        link["txn_status"] = status
        if status == "success":
            used = min(link["applied_amount"], max(0, invoice["amount_due"]), left)
            link["applied_amount"] = entry["applied_amount"] = used
            left -= used
            invoice["linked_payments"] = [one for one in invoice["linked_payments"] if one["applied_amount"]]
        else:
            dunning.attempt_failed(work, invoice, txn)
        invoices.append(invoice)
    txn["linked_invoices"] = [entry for entry in txn["linked_invoices"] if entry["applied_amount"]]
    txn["amount_unused"] = left
    work.save("transaction", txn)
    if left:
        balances.move(work, customer, "excess_payments", left, txn["currency_code"])
    _told(work, txn, invoices, "payment_succeeded" if status == "success" else "payment_failed")


def _told(work: Work, txn: Doc, invoices: list[Doc], event: str) -> None:
    customer = work.need("customer", txn["customer_id"])
    work.emit("transaction_updated", transaction=txn, customer=customer)
    for invoice in invoices:
        rebalanced(work, invoice)
        subscription = work.get("subscription", invoice.get("subscription_id"))
        work.emit(event, transaction=txn, invoice=invoice, customer=customer, subscription=subscription)
        work.emit("invoice_updated", invoice=invoice, customer=customer, subscription=subscription)
        if invoice.get("dunning_status") == "exhausted":
            dunning.given_up(work, invoice, customer, subscription)


def late_failure(work: Work, job: Job) -> None:
    """A payment that had succeeded fails after all: a reversal re-opens its invoices, and they are dunned."""
    txn = work.get("transaction", job.payload["id"])
    if txn is None or txn["status"] != "success":
        return
    reverse(work, txn, LATE, dun=True)


def reverse(work: Work, txn: Doc, error: tuple[str, str], *, dun: bool) -> Doc:
    """Take a successful payment back by a `payment_reversal`; its invoices are open again."""
    customer = work.need("customer", txn["customer_id"])
    unused = txn["amount_unused"]
    txn["status"], txn["amount_unused"] = "late_failure", 0
    txn["error_code"], txn["error_text"] = error
    reversal: Doc = {
        **{name: txn[name] for name in txn if name not in ("error_code", "error_text", "resource_version")},
        "id": f"txn_{work.token('transaction')}", "type": "payment_reversal", "status": "success", "date": work.at,
        "linked_invoices": [], "linked_payments": [
            {"id": txn["id"], "status": txn["status"], "amount": txn["amount"], "date": txn["date"]}
        ],
    }  # fmt: skip
    work.save("transaction", reversal)
    txn["reversal_transaction_id"] = reversal["id"]
    work.save("transaction", txn)
    if unused:
        balances.move(work, customer, "excess_payments", -unused, txn["currency_code"])
    work.emit("transaction_created", transaction=reversal, customer=customer)
    invoices = [work.need("invoice", entry["invoice_id"]) for entry in txn["linked_invoices"]]
    for invoice in invoices:
        for linked in invoice["linked_payments"]:
            if linked["txn_id"] == txn["id"]:
                linked["txn_status"] = "late_failure"
        if dun:
            dunning.attempt_failed(work, invoice, txn)
    _told(work, txn, invoices, "payment_failed")
    return reversal


def chargeback(work: Work, txn: Doc, amount: int | None) -> dict[str, Any]:
    """The cardholder's bank takes a payment back.

    By default what the vendor recommends for "a chargeback is initiated": a refundable credit note with reason
    `chargeback` for each invoice, and the record of its refund (chargebee.com/docs, configuring chargeback
    management). With the site setting `chargeback: reopen` the payment is reversed and its invoices are open again.
    Returns {"transaction", "credit_notes"}.
    """
    if txn["type"] != "payment" or txn["status"] != "success" or txn["gateway"] == "not_applicable":
        raise bad_state(f"{txn['id']} is not a successful payment through the gateway")
    if work.site["chargeback"] == "reopen":
        return {"transaction": reverse(work, txn, DISPUTED, dun=False), "credit_notes": []}
    left = refunds.refundable_of(txn)
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise Refused("param_wrong_value", f"amount : at most {left} can be charged back", "amount")
    notes, refund = [], None
    for entry in txn["linked_invoices"]:
        invoice = work.need("invoice", entry["invoice_id"])
        part = min(wanted, entry["applied_amount"], credit_notes.creditable(invoice))
        if part <= 0:
            continue
        note = credit_notes.against(work, invoice, "refundable", "chargeback", credit_notes.Wish(total=part))
        rebalanced(work, invoice)
        work.emit("credit_note_created", credit_note=note, customer=work.need("customer", invoice["customer_id"]))
        refund = refunds.charged_back(work, note, txn, part)
        notes.append(note)
        wanted -= part
    if wanted and txn["amount_unused"] >= wanted:
        refund = refunds.unused(work, txn, wanted, {"payment_method": "chargeback", "gateway": txn["gateway"]})
    if refund is None:
        raise bad_state(f"nothing of {txn['id']} is left to be charged back")
    return {"transaction": refund, "credit_notes": notes}


def reconciled(work: Work, txn: Doc, status: str) -> None:
    """Somebody looked at the gateway what became of a payment that had no clear end."""
    if txn["status"] not in UNDER_WAY:
        raise bad_state(f"cannot reconcile a transaction that is {txn['status']}")
    work.jobs.cancel(f"answer/{txn['id']}")
    resolve(work, txn, status, ("failed", "(112) The payment failed at the gateway."))
