"""The platform's JSON read into business values."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from synccore.domain.agreements import Agreement, Contracted, Part, Term, Version
from synccore.domain.bills import Application, Bill, BillLine, Payment, contracts_on
from synccore.domain.credits import Credit
from synccore.domain.deals import Address
from synccore.ports.systems import Drifted


def contracted(row: Mapping[str, Any]) -> Contracted:
    """A subscription's id and the beginning of its term: of the contract in force, else the one it waits for."""
    term = row.get("contract_term") or {}
    return {"id": str(row["id"]), "starts_at": _int(term.get("contract_start") or row.get("start_date"))}


KNOWN: Mapping[str, Mapping[str, frozenset[str]]] = {
    "invoice": {"status": frozenset(("paid", "posted", "payment_due", "not_paid", "voided", "pending"))},
    "credit_note": {
        "status": frozenset(("adjusted", "refunded", "refund_due", "voided")),
        "type": frozenset(("adjustment", "refundable", "store")),
    },
    "transaction": {
        "status": frozenset(("in_progress", "success", "voided", "failure", "timeout", "needs_attention",
                             "late_failure")),
        "type": frozenset(("authorization", "payment", "refund", "payment_reversal")),
    },
    "subscription": {
        "status": frozenset(("future", "in_trial", "active", "non_renewing", "paused", "cancelled", "transferred")),
    },
}  # fmt: skip
"""What the platform says today by record and member: what is new is no case of what is known."""


def _word(record: str, row: Mapping[str, Any], member: str) -> str:
    """One of the known words; Drifted for another one, so that the record waits for a person and is not guessed at."""
    found, known = str(row[member]), KNOWN[record][member]
    if found not in known:
        raise Drifted(
            "subscriptions", f"{record}.retrieve", record, member, f"one of {', '.join(sorted(known))}", found
        )
    return found


def bill(row: Mapping[str, Any]) -> Bill:
    """An invoice. Drifted for an unknown status, ValueError or KeyError when a member that always is there is not."""
    inclusive = row.get("price_type") == "tax_inclusive"
    tax = _int(row.get("tax"))
    gross = int(row["total"])
    round_off = _int(row.get("round_off_amount"))
    return Bill(
        voided_at=row.get("voided_at"),
        replaces=_replaced(row),
        dunning=str(row.get("dunning_status") or ""),
        id=str(row["id"]),
        customer_id=str(row["customer_id"]),
        subscription_id=_contract(row),
        status=_word("invoice", row, "status"),
        issued_at=_int(row.get("date")),
        due_at=int(row["due_date"]) if row.get("due_date") is not None else None,
        currency=str(row["currency_code"]),
        net=gross - tax - round_off,
        tax=tax,
        gross=gross,
        due=_int(row.get("amount_due")),
        paid=_int(row.get("amount_paid")),
        credited=_credited(row),
        credits=tuple(str(note["cn_id"]) for note in _notes(row)),
        round_off=round_off,
        po_number=str(row.get("po_number") or ""),
        tax_id=str(row.get("vat_number") or ""),
        address=_address(row.get("shipping_address") or row.get("billing_address") or {}),
        lines=tuple(_line(line, row, inclusive) for line in row.get("line_items") or []),
        version=_int(row.get("resource_version")),
    )


def _contract(row: Mapping[str, Any]) -> str:
    """The contract that a document is for, '' when it is for several or none."""
    named = contracts_on(row)
    return named[0] if len(named) == 1 else ""


def _credited(row: Mapping[str, Any]) -> int:
    return sum(_int(note.get("cn_total")) for note in _notes(row) if note.get("cn_status") != "voided")


def _notes(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(row.get("adjustment_credit_notes") or []), *(row.get("issued_credit_notes") or [])]


_REPLACES = re.compile(r"\b[Rr]eplaces ([A-Za-z0-9-]+)")


def _replaced(row: Mapping[str, Any]) -> str:
    """The bill that this one was issued for anew: people write it into the note that the customer reads."""
    notes = (str(entry.get("note") or "") for entry in row.get("notes") or [])
    return next((found[1] for note in notes if (found := _REPLACES.search(note))), "")


def _line(line: Mapping[str, Any], row: Mapping[str, Any], inclusive: bool) -> BillLine:
    tax = _int(line.get("tax_amount"))
    net = int(line["amount"]) - _int(line.get("discount_amount"))  # all of it: the item-level part is in it
    rate = Decimal(str(line.get("tax_rate") or 0))
    if not rate:
        rates = [entry for entry in row.get("line_item_taxes") or [] if entry.get("line_item_id") == line.get("id")]
        rate = sum((Decimal(str(entry.get("tax_rate") or 0)) for entry in rates), Decimal(0))
    ad_hoc = line.get("entity_type") == "adhoc"
    return BillLine(
        id=str(line["id"]),
        subscription=str(line.get("subscription_id") or ""),
        item_price="" if ad_hoc else str(line.get("entity_id") or ""),
        description=str(line.get("description") or ""),
        quantity=Decimal(str(line.get("quantity_in_decimal") or _whole(line.get("quantity")))),
        unit_amount=_int(line.get("unit_amount")),
        net=net - tax if inclusive else net,
        tax_rate=rate.normalize() if rate else Decimal(0),
        tax=tax,
        exempt_reason=str(line.get("tax_exempt_reason") or ""),
        starts=line.get("date_from"),
        ends=line.get("date_to"),
    )


def agreement(row: Mapping[str, Any], future: Mapping[str, Any] | None) -> Agreement:
    """A subscription; `future`: the same with its scheduled changes."""
    term = row.get("contract_term")
    months = {"month": 1, "year": 12}.get(str(row.get("billing_period_unit")), 0) * _int(row.get("billing_period"))
    return Agreement(
        id=str(row["id"]),
        customer_id=str(row["customer_id"]),
        status=_word("subscription", row, "status"),
        currency=str(row["currency_code"]),
        months=months,
        parts=_parts(row),
        term_ends=_int(row.get("next_billing_at")),
        term=None if not term else Term(
            id=str(term["id"]), start=_int(term["contract_start"]), end=_int(term["contract_end"]),
            cycles=_int(term["billing_cycle"]), action=str(term["action_at_term_end"]),
            value=_int(term.get("total_contract_value_before_tax")),
        ),
        on_renewal=_int(row.get("contract_term_billing_cycle_on_renewal")),
        scheduled=None if future is None else _parts(future),
        marker=str(row.get("cf_sf_change") or ""),
        renewal=str(row.get("cf_sf_renewal") or ""),
        version=_int(row.get("resource_version")),
        term_began=_int(row.get("current_term_start")),
        began=_int(row.get("activated_at") or row.get("started_at")),
        metered=tuple(
            str(item["item_price_id"]) for item in row.get("subscription_items") or []
            if item.get("item_type") != "charge" and item.get("quantity") is None
        ),
    )  # fmt: skip


def version(row: Mapping[str, Any], renewal: bool = False) -> Version:
    """A subscription as an event shows it; `renewal`: the event tells that a billing term began."""
    return Version(
        number=_int(row.get("resource_version")), parts=_parts(row), marker=str(row.get("cf_sf_change") or ""),
        renewal=renewal,
    )  # fmt: skip


def _parts(row: Mapping[str, Any]) -> tuple[Part, ...]:
    return tuple(
        Part(
            price=str(item["item_price_id"]), quantity=_int(item.get("quantity")), unit_price=item.get("unit_price"),
            plan=item.get("item_type") == "plan",
        )
        for item in row.get("subscription_items") or []
        if item.get("item_type") != "charge" and item.get("quantity") is not None  # usage has none
    )  # fmt: skip


def credit(row: Mapping[str, Any]) -> Credit:
    """A credit note."""
    inclusive = row.get("price_type") == "tax_inclusive"
    lines = tuple(_line(line, row, inclusive) for line in row.get("line_items") or [])
    tax = sum(line.tax for line in lines)
    gross, round_off = int(row["total"]), _int(row.get("round_off_amount"))
    return Credit(
        id=str(row["id"]),
        customer_id=str(row["customer_id"]),
        bill=str(row.get("reference_invoice_id") or ""),
        subscription_id=_contract(row),
        kind=_word("credit_note", row, "type"),
        status=_word("credit_note", row, "status"),
        reason=str(row.get("reason_code") or row.get("create_reason_code") or ""),
        issued_at=_int(row.get("date")),
        currency=str(row["currency_code"]),
        net=gross - tax - round_off,
        tax=tax,
        gross=gross,
        available=_int(row.get("amount_available")),
        round_off=round_off,
        address=_address(row.get("shipping_address") or row.get("billing_address") or {}),
        tax_id=str(row.get("vat_number") or ""),
        lines=lines,
        applied=tuple(
            Application(bill=str(entry["invoice_id"]), amount=_int(entry.get("allocated_amount")))
            for entry in row.get("allocations") or []
        ),
        voided_at=row.get("voided_at"),
        version=_int(row.get("resource_version")),
    )


def payment(row: Mapping[str, Any]) -> Payment:
    """A transaction. A reversal names the payment that it takes back among its linked payments."""
    linked, notes = row.get("linked_invoices") or [], row.get("linked_credit_notes") or []
    taken = [str(entry["id"]) for entry in row.get("linked_payments") or []]
    return Payment(
        id=str(row["id"]),
        customer_id=str(row.get("customer_id") or ""),
        status=_word("transaction", row, "status"),
        kind=_word("transaction", row, "type"),
        currency=str(row["currency_code"]),
        amount=_int(row.get("amount")),
        received_at=_int(row.get("date")),
        method=str(row.get("payment_method") or ""),
        reference=str(row.get("reference_number") or ""),
        linked=tuple(
            Application(bill=str(entry["invoice_id"]), amount=_int(entry.get("applied_amount"))) for entry in linked
        ),
        unused=_int(row.get("amount_unused")),
        source=str(row.get("refunded_txn_id") or (taken[0] if taken else "")),
        credits=tuple(
            Application(bill=str(entry["cn_id"]), amount=_int(entry.get("applied_amount"))) for entry in notes
        ),
    )


def _address(row: Mapping[str, Any]) -> Address:
    return Address(
        street=str(row.get("line1") or ""),
        city=str(row.get("city") or ""),
        state=str(row.get("state_code") or row.get("state") or ""),
        postal_code=str(row.get("zip") or ""),
        country=str(row.get("country") or ""),
    )


def _whole(quantity: Any) -> Any:
    return 1 if quantity is None else quantity


def _int(value: Any) -> int:
    return 0 if value is None else int(value)


def estimated(estimate: Mapping[str, Any]) -> int:
    """What an estimate would bill less what it would credit, net."""
    bill, notes = estimate.get("invoice_estimate"), estimate.get("credit_note_estimates") or []
    return int(bill["sub_total"] if bill else 0) - sum(int(note["sub_total"]) for note in notes)
