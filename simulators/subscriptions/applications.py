"""What is applied to an invoice by hand: unused payments and credit notes, put on and taken off."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import balances, credit_notes, customers, invoices, settlement
from simulators.subscriptions.billing import rebalanced
from simulators.subscriptions.errors import bad_state, not_found, wrong
from simulators.subscriptions.invoices import must_be_open
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def apply_payments(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/apply_payments: given unused payments, or all of them from the oldest."""
    invoice = invoices.live(work, key)
    must_be_open(invoice, "apply payments to")
    customer = work.need("customer", invoice["customer_id"])
    rows = params.rows("transactions")
    chosen: list[tuple[Doc, int | None]] = []
    for row in rows:
        txn_id = row.need("id")
        txn = work.need("transaction", txn_id, row.name("id"))
        if txn["customer_id"] != customer["id"] or not txn["amount_unused"]:
            raise row.wrong("id", f"{txn_id} has nothing that could be applied")
        chosen.append((txn, row.integer("amount", least=1)))
    if not rows:
        chosen = [(txn, None) for txn in settlement.unused_payments(work, customer["id"], invoice["currency_code"])]
    for txn, asked in chosen:
        most = min(txn["amount_unused"], invoice["amount_due"])
        if asked is not None and asked > most:
            raise wrong("transactions[amount][0]", f"at most {most} can be applied")
        if most:
            settlement.link(work, txn, invoice, asked or most)
            balances.move(work, customer, "excess_payments", -(asked or most), invoice["currency_code"])
            work.emit("transaction_updated", transaction=txn, customer=customer)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"invoice": invoice}


def remove_payment(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/remove_payment: the payment becomes excess payment and the invoice open again."""
    invoice = invoices.live(work, key)
    group = params.group("transaction")
    txn_id = group.need("id")
    txn = work.need("transaction", txn_id, group.name("id"))
    if not any(entry["txn_id"] == txn_id for entry in invoice["linked_payments"]) or txn["status"] != "success":
        raise bad_state(f"{txn_id} is not a successful payment of the invoice", group.name("id"))
    linked = sum(entry["applied_amount"] for entry in invoice["linked_payments"] if entry["txn_id"] == txn_id)
    credit_notes.must_stay_covered(invoice, linked)
    customer = work.need("customer", invoice["customer_id"])
    amount = settlement.unlink(work, txn, invoice)
    balances.move(work, customer, "excess_payments", amount, invoice["currency_code"])
    work.emit("transaction_updated", transaction=txn, customer=customer)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"invoice": invoice, "transaction": txn}


def apply_credits(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/apply_credits: given refundable credit notes, or all of them from the oldest."""
    invoice = invoices.live(work, key)
    must_be_open(invoice, "apply credits to")
    customer = work.need("customer", invoice["customer_id"])
    chosen: list[Doc] = []
    rows = params.rows("credit_notes")
    for row in rows:
        note_id = row.need("id")
        note = work.need("credit_note", note_id, row.name("id"))
        if note["customer_id"] != customer["id"] or note["status"] != "refund_due":
            raise row.wrong("id", f"{note_id} has nothing that could be applied")
        chosen.append(note)
    for note in chosen if rows else work.find("credit_note", customer_id=customer["id"], status="refund_due"):
        amount = min(note["amount_available"], invoice["amount_due"])
        if amount and note["currency_code"] == invoice["currency_code"]:
            settlement.credit(work, note, invoice, amount)
            balances.move(work, customer, "refundable_credits", -amount, invoice["currency_code"])
            work.emit("credit_note_updated", credit_note=note, customer=customer)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"invoice": invoice}


def remove_credit_note(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/remove_credit_note: what was applied is available again."""
    invoice = invoices.live(work, key)
    group = params.group("credit_note")
    note_id = group.need("id")
    note = work.get("credit_note", note_id)
    if note is None:
        raise not_found(group.name("id"), note_id)
    taken = sum(entry["applied_amount"] for entry in invoice["applied_credits"] if entry["cn_id"] == note_id)
    if not taken:
        raise bad_state(f"{note_id} is not applied to the invoice", group.name("id"))
    credit_notes.must_stay_covered(invoice, taken)
    customer = work.need("customer", invoice["customer_id"])
    invoice["applied_credits"] = [entry for entry in invoice["applied_credits"] if entry["cn_id"] != note_id]
    note["allocations"] = [entry for entry in note["allocations"] if entry["invoice_id"] != key]
    note["amount_allocated"] -= taken
    note["amount_available"] += taken
    note["status"] = "refund_due"
    work.save("credit_note", note)
    rebalanced(work, invoice)
    balances.move(work, customer, "refundable_credits", taken, invoice["currency_code"])
    work.emit("credit_note_updated", credit_note=note, customer=customer)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"invoice": invoice, "credit_note": note}


def record_excess_payment(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/record_excess_payment: money for no invoice yet."""
    customer = customers.live(work, key)
    group = params.group("transaction")
    currency = group.currency("currency_code") or customer["preferred_currency_code"]
    txn = invoices.offline_payment(work, group, customer, currency, None)
    if txn["status"] == "success":
        balances.move(work, customer, "excess_payments", txn["amount_unused"], currency)
    work.emit("transaction_created", transaction=txn, customer=customer)
    work.emit("payment_succeeded" if txn["status"] == "success" else "payment_failed", transaction=txn,
              customer=customer)  # fmt: skip
    return {"customer": customer, "transaction": txn}


def delete_offline_transaction(work: Work, _params: Params, key: str) -> Result:
    """POST /transactions/{id}/delete_offline_transaction: only an offline payment that is linked to nothing."""
    txn = work.need("transaction", key)
    if txn["deleted"]:
        raise not_found(None, key)
    if txn["gateway"] != "not_applicable" or txn["type"] != "payment":
        raise bad_state("only offline payments can be deleted")
    if txn["linked_invoices"] or txn["linked_refunds"]:
        raise bad_state("the payment is linked to an invoice or refund")
    customer = work.need("customer", txn["customer_id"])
    if txn["amount_unused"]:
        balances.move(work, customer, "excess_payments", -txn["amount_unused"], txn["currency_code"])
    txn["deleted"], txn["amount_unused"] = True, 0
    work.save("transaction", txn)
    work.emit("transaction_deleted", transaction=txn, customer=customer)
    return {"transaction": txn}
