"""How invoices get paid: links between transactions, credits and invoices, collection, and late failures."""

from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import balances, dunning, gateway
from simulators.subscriptions.billing import rebalanced
from simulators.subscriptions.rules_invoice import OPEN
from simulators.subscriptions.work import Work


def settle(
    work: Work, invoice: Doc, customer: Doc, subscription: Doc | None, auto_collection: str | None
) -> Doc | None:
    """Pay a new invoice from credits, excess payments and, with auto collection, the card; returns the transaction."""
    if invoice["status"] not in OPEN:
        return None
    if customer["refundable_credits"] or customer["excess_payments"]:
        apply_balances(work, invoice, customer)
    if invoice["status"] not in OPEN or auto_collection != "on":
        return None
    source = source_for(work, customer, subscription)
    return None if source is None else collect(work, invoice, customer, source, invoice["amount_due"])


def source_for(work: Work, customer: Doc, subscription: Doc | None) -> Doc | None:
    """The payment source that a charge would go to."""
    own = None if subscription is None else subscription.get("payment_source_id")
    source = work.get("payment_source", own or customer.get("primary_payment_source_id"))
    return None if source is None or source["deleted"] else source


def collect(work: Work, invoice: Doc, customer: Doc, source: Doc, amount: int) -> Doc:
    """Charge the payment source for an invoice; a failure is recorded, told and dunned."""
    outcome, delay_s = gateway.outcome_for(work, source)
    txn = gateway.payment(work, source, amount, invoice["currency_code"], outcome)
    if invoice.get("subscription_id"):
        txn["subscription_id"] = invoice["subscription_id"]
    failed = txn["status"] == "failure"
    if not failed:
        txn["amount_unused"] -= amount
    _join(work, txn, invoice, amount)
    if failed:
        dunning.attempt_failed(work, invoice, txn)
    rebalanced(work, invoice)
    subscription = work.get("subscription", invoice.get("subscription_id"))
    work.emit("transaction_created", transaction=txn, customer=customer)
    work.emit(
        "payment_failed" if failed else "payment_succeeded",
        transaction=txn, invoice=invoice, customer=customer, subscription=subscription,
    )  # fmt: skip
    work.emit("invoice_updated", invoice=invoice, customer=customer, subscription=subscription)
    if outcome == "late_failure":
        work.jobs.schedule(work.at + delay_s, "late_failure", {"id": txn["id"]}, key=f"late/{txn['id']}")
    return txn


def link(work: Work, txn: Doc, invoice: Doc, amount: int) -> None:
    """Apply so much of a successful payment to an invoice."""
    txn["amount_unused"] -= amount
    _join(work, txn, invoice, amount)
    rebalanced(work, invoice)


def _join(work: Work, txn: Doc, invoice: Doc, amount: int) -> None:
    invoice["linked_payments"].append({
        "txn_id": txn["id"], "applied_amount": amount, "applied_at": work.at, "txn_status": txn["status"],
        "txn_date": txn["date"], "txn_amount": txn["amount"],
    })  # fmt: skip
    txn["linked_invoices"].append({
        "invoice_id": invoice["id"], "applied_amount": amount, "applied_at": work.at, "invoice_date": invoice["date"],
        "invoice_total": invoice["total"], "invoice_status": invoice["status"],
    })  # fmt: skip
    work.save("transaction", txn)
    work.save("invoice", invoice)


def unlink(work: Work, txn: Doc, invoice: Doc) -> int:
    """Take a payment off an invoice; what was applied becomes unused. Returns the amount."""
    taken: int = sum(entry["applied_amount"] for entry in invoice["linked_payments"] if entry["txn_id"] == txn["id"])
    invoice["linked_payments"] = [entry for entry in invoice["linked_payments"] if entry["txn_id"] != txn["id"]]
    txn["linked_invoices"] = [entry for entry in txn["linked_invoices"] if entry["invoice_id"] != invoice["id"]]
    txn["amount_unused"] += taken
    work.save("transaction", txn)
    rebalanced(work, invoice)
    return taken


def credit(work: Work, note: Doc, invoice: Doc, amount: int) -> None:
    """Apply so much of a refundable credit note to an invoice."""
    note["amount_allocated"] += amount
    note["amount_available"] -= amount
    note["allocations"].append({
        "invoice_id": invoice["id"], "allocated_amount": amount, "allocated_at": work.at,
        "invoice_date": invoice["date"], "invoice_status": invoice["status"],
    })  # fmt: skip
    if note["amount_available"] == 0:
        note["status"] = "refunded"
    work.save("credit_note", note)
    invoice["applied_credits"].append({
        "cn_id": note["id"], "applied_amount": amount, "applied_at": work.at, "cn_status": note["status"],
        "cn_reason_code": note["reason_code"], "cn_date": note["date"],
    })  # fmt: skip
    rebalanced(work, invoice)


def apply_balances(work: Work, invoice: Doc, customer: Doc) -> None:
    """Use refundable credits, then excess payments of the invoice's currency, oldest first."""
    used: list[tuple[str, Doc]] = []
    for note in work.find("credit_note", customer_id=customer["id"], status="refund_due"):
        amount = min(note["amount_available"], invoice["amount_due"])
        if amount and note["currency_code"] == invoice["currency_code"]:
            credit(work, note, invoice, amount)
            balances.move(work, customer, "refundable_credits", -amount, invoice["currency_code"])
            used.append(("credit_note", note))
    if customer["excess_payments"]:
        for txn in unused_payments(work, customer["id"], invoice["currency_code"]):
            amount = min(txn["amount_unused"], invoice["amount_due"])
            if amount:
                link(work, txn, invoice, amount)
                balances.move(work, customer, "excess_payments", -amount, invoice["currency_code"])
                used.append(("transaction", txn))
    for kind, doc in used:
        work.emit(f"{kind}_updated", customer=customer, **{kind: doc})
    if used:
        work.emit("invoice_updated", invoice=invoice, customer=customer)


def unused_payments(work: Work, customer_id: str, currency_code: str) -> list[Doc]:
    """Successful payments of a customer that are not used up, oldest first."""
    return [
        txn for txn in work.find("transaction", customer_id=customer_id)
        if txn["type"] == "payment" and txn["status"] == "success" and txn["amount_unused"] > 0
        and txn["currency_code"] == currency_code and not txn["deleted"]
    ]  # fmt: skip


def late_failure(work: Work, job: Job) -> None:
    """A payment that had succeeded fails after all: a reversal re-opens its invoices."""
    txn = work.get("transaction", job.payload["id"])
    if txn is None or txn["status"] != "success":
        return
    customer = work.need("customer", txn["customer_id"])
    unused = txn["amount_unused"]
    txn["status"], txn["amount_unused"] = "late_failure", 0
    txn["error_code"], txn["error_text"] = "late_failure", "(110) The bank returned the payment."
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
    work.emit("transaction_updated", transaction=txn, customer=customer)
    for entry in txn["linked_invoices"]:
        invoice = work.need("invoice", entry["invoice_id"])
        for linked in invoice["linked_payments"]:
            if linked["txn_id"] == txn["id"]:
                linked["txn_status"] = "late_failure"
        dunning.attempt_failed(work, invoice, txn)
        rebalanced(work, invoice)
        work.emit("payment_failed", transaction=txn, invoice=invoice, customer=customer)
        work.emit("invoice_updated", invoice=invoice, customer=customer)


def retry_charge(work: Work, job: Job) -> None:
    """Charge again; without a payment source the attempt fails by itself."""
    invoice = work.get("invoice", job.payload["id"])
    if invoice is None or invoice["status"] not in OPEN or invoice.get("dunning_status") != "in_progress":
        return
    customer = work.need("customer", invoice["customer_id"])
    subscription = work.get("subscription", invoice.get("subscription_id"))
    source = source_for(work, customer, subscription)
    if source is not None:
        collect(work, invoice, customer, source, invoice["amount_due"])
    else:
        dunning.attempt_failed(work, invoice, {"id": "", "status": "failure", "amount": invoice["amount_due"]})
        rebalanced(work, invoice)
        work.emit("invoice_updated", invoice=invoice, customer=customer)
    if invoice["status"] != "paid":
        work.emit("dunning_updated", invoice=invoice, customer=customer, subscription=subscription)
