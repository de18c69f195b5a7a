"""How invoices get paid: links between transactions, credits and invoices, collection, and late failures."""

from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import balances, dunning, gateway
from simulators.subscriptions.billing import owner, rebalanced
from simulators.subscriptions.rules_invoice import OPEN
from simulators.subscriptions.work import Work

approximate(
    "`auto_collection` on without a payment source",
    "the invoice waits as payment_due",
    source="ours",
)
approximate(
    "a first charge that is declined",
    "the subscription stays, the invoice is dunned (site setting `dunning_days`)",
    source="ours",
)


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
    return None if source is None else collect(work, invoice, customer, source, invoice["amount_to_collect"])


def source_for(work: Work, customer: Doc, subscription: Doc | None) -> Doc | None:
    """The payment source that a charge would go to: the subscription's, else the primary one of who pays."""
    own = None if subscription is None else subscription.get("payment_source_id")
    payer = customer.get("relationship", {}).get("payment_owner_id", customer["id"])
    if payer != customer["id"]:
        customer = work.need("customer", payer)
    source = work.get("payment_source", own or customer.get("primary_payment_source_id"))
    return None if source is None or source["deleted"] else source


TOLD = {"success": "payment_succeeded", "failure": "payment_failed", "in_progress": "payment_initiated"}


def collect(work: Work, invoice: Doc, customer: Doc, source: Doc, amount: int) -> Doc:
    """Charge the payment source for an invoice; a failure is recorded, told and dunned, a debit stays in progress."""
    outcome, delay_s = gateway.outcome_for(work, source)
    txn = gateway.payment(work, source, amount, invoice["currency_code"], outcome)
    if invoice.get("subscription_id"):
        txn["subscription_id"] = invoice["subscription_id"]
    if txn["status"] == "success":
        txn["amount_unused"] -= amount
    join(work, txn, invoice, amount)
    if txn["status"] == "failure":
        dunning.attempt_failed(work, invoice, txn)
    rebalanced(work, invoice)
    subscription = work.get("subscription", invoice.get("subscription_id"))
    work.emit("transaction_created", transaction=txn, customer=customer)
    if txn["status"] in TOLD:
        told = {"transaction": txn, "invoice": invoice, "customer": customer, "subscription": subscription}
        work.emit(TOLD[txn["status"]], **told)
    work.emit("invoice_updated", invoice=invoice, customer=customer, subscription=subscription)
    if invoice.get("dunning_status") == "exhausted":
        dunning.given_up(work, invoice, customer, subscription)
    watch(work, txn, outcome, delay_s)
    return txn


def watch(work: Work, txn: Doc, outcome: str, delay_s: float) -> None:
    """What the bank says later of a payment is a job."""
    if outcome == "late_failure":
        work.jobs.schedule(work.at + delay_s, "late_failure", {"id": txn["id"]}, key=f"late/{txn['id']}")
    elif outcome in gateway.DELAYED:
        payload = {"id": txn["id"], "status": gateway.DELAYED[outcome]}
        work.jobs.schedule(work.at + delay_s, "gateway_answer", payload, key=f"answer/{txn['id']}")


def link(work: Work, txn: Doc, invoice: Doc, amount: int) -> None:
    """Apply so much of a successful payment to an invoice."""
    txn["amount_unused"] -= amount
    join(work, txn, invoice, amount)
    rebalanced(work, invoice)


def join(work: Work, txn: Doc, invoice: Doc, amount: int) -> None:
    """Say on payment and invoice that they belong together; the caller rebalances."""
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


def retry_charge(work: Work, job: Job) -> None:
    """Charge again; without a payment source the attempt fails by itself."""
    invoice = work.get("invoice", job.payload["id"])
    if invoice is None or invoice["status"] not in OPEN or invoice.get("dunning_status") != "in_progress":
        return
    customer = work.need("customer", invoice["customer_id"])
    subscription = owner(work, invoice)
    source = source_for(work, customer, subscription)
    if source is not None and invoice["amount_to_collect"]:
        collect(work, invoice, customer, source, invoice["amount_to_collect"])
    elif source is None:
        dunning.attempt_failed(work, invoice, {"id": "", "status": "failure", "amount": invoice["amount_due"]})
        rebalanced(work, invoice)
        work.emit("invoice_updated", invoice=invoice, customer=customer)
        if invoice["dunning_status"] == "exhausted":
            dunning.given_up(work, invoice, customer, subscription)
    if invoice["status"] != "paid" and invoice.get("dunning_status") == "in_progress":
        work.emit("dunning_updated", invoice=invoice, customer=customer, subscription=subscription)
