"""Refunds: money that goes back, by the gateway or another way, always through a refundable credit note."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import balances, billing, credit_notes, gateway, invoices
from simulators.subscriptions.errors import bad_state, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def refund_note(work: Work, params: Params, key: str) -> Result:
    """POST /credit_notes/{id}/refund: through the gateway, to the payments of the note's invoice."""
    note = _due(work, key)
    amount = _within(params.integer("refund_amount", least=1), note["amount_available"], "refund_amount")
    params.text("refund_reason_code")
    params.text("customer_notes", longest=2_000)
    txn = _by_gateway(work, note, amount)
    return {"credit_note": note, "transaction": txn}


def record_note_refund(work: Work, params: Params, key: str) -> Result:
    """POST /credit_notes/{id}/record_refund: the money went back another way."""
    note = _due(work, key)
    params.text("refund_reason_code")
    group = params.group("transaction")
    amount = _within(group.integer("amount", least=1), note["amount_available"], group.name("amount"))
    return {"credit_note": note, "transaction": offline(work, note, group, amount)}


def refund_invoice(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/refund: a refundable credit note and its refund through the gateway at once."""
    invoice = invoices.live(work, key)
    amount = _within(params.integer("refund_amount", least=1), _refundable(work, invoice), "refund_amount")
    note = _note(work, params, invoice, amount)
    txn = _by_gateway(work, note, amount)
    return {"invoice": invoice, "transaction": txn, "credit_note": note}


def record_invoice_refund(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/record_refund: a refundable credit note and the record of its refund."""
    invoice = invoices.live(work, key)
    group = params.group("transaction")
    amount = _within(group.integer("amount", least=1), invoice["amount_paid"], group.name("amount"))
    note = _note(work, params, invoice, amount)
    return {"invoice": invoice, "transaction": offline(work, note, group, amount), "credit_note": note}


def _due(work: Work, key: str) -> Doc:
    note = credit_notes.live(work, key)
    if note["status"] != "refund_due" or note["type"] == "store":
        raise bad_state(f"cannot refund a {note['type']} credit note that is {note['status']}")
    return note


def _within(asked: int | None, most: int, name: str) -> int:
    amount = most if asked is None else asked
    if not 0 < amount <= most:
        raise wrong(name, f"at most {most} can be refunded")
    return amount


def _note(work: Work, params: Params, invoice: Doc, amount: int) -> Doc:
    group = params.group("credit_note")
    reason = group.choice("reason_code", credit_notes.REASONS) or "other"
    own_reason = group.text("create_reason_code")
    params.text("customer_notes", longest=2_000)
    note = credit_notes.against(work, invoice, "refundable", reason, credit_notes.Wish(total=amount))
    if own_reason is not None:
        note["create_reason_code"] = own_reason
    billing.rebalanced(work, invoice)
    work.emit("credit_note_created", credit_note=note, customer=work.need("customer", invoice["customer_id"]))
    return note


def _refundable(work: Work, invoice: Doc) -> int:
    return sum(left for _, left in _payments(work, invoice))


def _payments(work: Work, invoice: Doc) -> list[tuple[Doc, int]]:
    """The gateway payments of an invoice and what of each has not gone back yet."""
    found = []
    for link in invoice["linked_payments"]:
        txn = work.need("transaction", link["txn_id"])
        if txn["gateway"] != "not_applicable" and txn["status"] == "success":
            found.append((txn, min(link["applied_amount"], refundable_of(txn))))
    return found


def refundable_of(txn: Doc) -> int:
    """What of a payment has not gone back yet (minor units)."""
    left: int = txn["amount"] - sum(refund["txn_amount"] for refund in txn["linked_refunds"])
    return left


_COPIED = ("gateway", "gateway_account_id", "payment_method", "payment_source_id", "masked_card_number", "iin", "last4")


def _by_gateway(work: Work, note: Doc, amount: int) -> Doc:
    invoice = work.need("invoice", note["reference_invoice_id"])
    for payment, left in _payments(work, invoice):
        if left >= amount:
            members = {name: payment[name] for name in _COPIED if name in payment}
            members["id_at_gateway"] = f"cb_{work.token('gateway')}"
            return _of_payment(work, note, payment, amount, members)
    raise bad_state(f"no payment through {gateway.NAME} is left from which {amount} could be refunded")


def charged_back(work: Work, note: Doc, payment: Doc, amount: int) -> Doc:
    """The record that the cardholder's bank took so much of a payment back."""
    copied = ("gateway", "gateway_account_id", "masked_card_number")
    members: Doc = {name: payment[name] for name in copied if name in payment}
    members |= {"payment_method": "chargeback", "id_at_gateway": f"dp_{work.token('gateway')}"}
    return _of_payment(work, note, payment, amount, members)


def _of_payment(work: Work, note: Doc, payment: Doc, amount: int, members: Doc) -> Doc:
    txn = _refund(work, note, amount, work.at, {**members, "refunded_txn_id": payment["id"]})
    _note_refund(work, payment, txn)
    return txn


def _note_refund(work: Work, payment: Doc, txn: Doc) -> None:
    payment["linked_refunds"].append({
        "txn_id": txn["id"], "txn_status": txn["status"], "txn_date": txn["date"], "txn_amount": txn["amount"],
    })  # fmt: skip
    work.save("transaction", payment)


def unused(work: Work, payment: Doc, amount: int, members: Doc, date: int | None = None) -> Doc:
    """Give back so much of a payment that no invoice uses; no credit note stands behind it."""
    customer = work.need("customer", payment["customer_id"])
    txn: Doc = {
        "id": f"txn_{work.token('transaction')}", "customer_id": customer["id"], "type": "refund", "status": "success",
        "date": date or work.at, "currency_code": payment["currency_code"], "amount": amount, "amount_unused": 0,
        "deleted": False, "linked_invoices": [], "linked_refunds": [], "linked_credit_notes": [],
        "refunded_txn_id": payment["id"], "object": "transaction", **members,
    }  # fmt: skip
    if "business_entity_id" in payment:
        txn["business_entity_id"] = payment["business_entity_id"]
    work.save("transaction", txn)
    payment["amount_unused"] -= amount
    _note_refund(work, payment, txn)
    balances.move(work, customer, "excess_payments", -amount, payment["currency_code"])
    work.emit("transaction_created", transaction=txn, customer=customer)
    work.emit("payment_refunded", transaction=txn, customer=customer)
    return txn


def refund_transaction(work: Work, params: Params, key: str) -> Result:
    """POST /transactions/{id}/refund: what no invoice uses of a gateway payment goes back where it came from."""
    payment = _payment(work, key)
    if payment["gateway"] == "not_applicable":
        raise bad_state("an offline payment cannot be refunded through the gateway; record its refund")
    amount = _within(params.integer("amount", least=1), payment["amount_unused"], "amount")
    members = {name: payment[name] for name in _COPIED if name in payment}
    members["id_at_gateway"] = f"cb_{work.token('gateway')}"
    return {"transaction": unused(work, payment, amount, members)}


def record_transaction_refund(work: Work, params: Params, key: str) -> Result:
    """POST /transactions/{id}/record_refund: what no invoice uses of an offline payment went back another way."""
    payment = _payment(work, key)
    if payment["gateway"] != "not_applicable":
        raise bad_state("only refunds of offline payments can be recorded")
    amount = _within(params.integer("amount", least=1), payment["amount_unused"], "amount")
    return {"transaction": unused(work, payment, amount, _how(params), _date(work, params, "date"))}


def _payment(work: Work, key: str) -> Doc:
    txn = work.need("transaction", key)
    if txn["deleted"]:
        raise not_found(None, key)
    if txn["type"] != "payment" or txn["status"] != "success":
        raise bad_state(f"cannot refund a {txn['type']} that is {txn['status']}")
    return txn


def _date(work: Work, params: Params, name: str) -> int:
    date = params.integer(name)
    if date is not None and date >= work.at + DAY_S:  # a caller who knows only the day may say its noon
        raise params.wrong(name, "cannot lie in the future")
    return work.at if date is None else date


def _how(group: Params) -> Doc:
    members: Doc = {
        "gateway": "not_applicable", "payment_method": group.choice("payment_method", invoices.METHODS, required=True)
    }  # fmt: skip
    for name in ("reference_number", "custom_payment_method_id"):
        value = group.text(name)
        if value is not None:
            members[name] = value
    return members


def offline(work: Work, note: Doc, group: Params, amount: int) -> Doc:
    """The record of a refund that went another way, from what `group` says of it."""
    return _refund(work, note, amount, _date(work, group, "date"), _how(group))


def _refund(work: Work, note: Doc, amount: int, date: int, members: Doc) -> Doc:
    customer = work.need("customer", note["customer_id"])
    note["amount_refunded"] += amount
    note["amount_available"] -= amount
    if note["amount_available"] == 0:
        note["status"], note["refunded_at"] = "refunded", work.at
    txn: Doc = {
        "id": f"txn_{work.token('transaction')}", "customer_id": customer["id"], "type": "refund", "status": "success",
        "date": date, "currency_code": note["currency_code"], "amount": amount, "amount_unused": 0, "deleted": False,
        "linked_invoices": [], "linked_refunds": [], "object": "transaction", **members,
        "linked_credit_notes": [{
            "cn_id": note["id"], "applied_amount": amount, "applied_at": work.at, "cn_reason_code": note["reason_code"],
            "cn_date": note["date"], "cn_total": note["total"], "cn_status": note["status"],
            "cn_reference_invoice_id": note["reference_invoice_id"],
        }],
    }  # fmt: skip
    for name in ("subscription_id", "business_entity_id"):
        if name in note:
            txn[name] = note[name]
    work.save("transaction", txn)
    note["linked_refunds"].append({
        "txn_id": txn["id"], "applied_amount": amount, "applied_at": work.at, "txn_status": txn["status"],
        "txn_date": txn["date"], "txn_amount": amount,
    })  # fmt: skip
    work.save("credit_note", note)
    balances.move(work, customer, "refundable_credits", -amount, note["currency_code"])
    invoice = work.need("invoice", note["reference_invoice_id"])
    credit_notes.restate(invoice, note)
    work.save("invoice", invoice)
    work.emit("transaction_created", transaction=txn, customer=customer)
    if txn["payment_method"] == "direct_debit":  # the bank takes its time; here it is done with the call
        work.emit("refund_initiated", transaction=txn, invoice=invoice, credit_note=note, customer=customer)
    work.emit("payment_refunded", transaction=txn, invoice=invoice, credit_note=note, customer=customer)
    work.emit("credit_note_updated", credit_note=note, customer=customer)
    return txn
