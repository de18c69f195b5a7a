"""Applying a payment or credit memo: the open invoices it names change with it, in one transaction."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Problem, Refused, invalid_value, user_error
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.rules_apply import Application, OpenItem, Payer, automatic, held, plan, unapplied_base
from simulators.erp_cloud.rules_documents import invoice_status
from simulators.erp_cloud.rules_money import ZERO, amount, money_text
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import approximate, exact

approximate("apply lists", "show what is applied, not every open document; no `due`")
exact(
    "over-application, other customer, other currency, other A/R account refused; deleting a payment or credit reopens",
    source="documented",
    held_by="test_payments, test_any_input",
)
exact(
    "customerRefund: its total is what it takes from credit memos and unapplied payments by `apply`; Dr A/R, Cr "
    "bank; over-application, another customer's credit, an invoice and no line at all are refused; what was "
    "refunded cannot be applied as well",
    source="documented",
    held_by="test_refunds",
)
approximate(
    "customerRefund",
    "texts, the default bank account (the first of the chart), no status but Voided; the `deposit` sublist is absent",
)

Doc = dict[str, Any]


class Settling:
    """Plans applications and writes the invoices that they settle."""

    def __init__(self, state: State) -> None:
        self.state = state

    def settle(self, doc: Doc, before: Doc | None, payer: Payer, worth: Decimal, at: float) -> None:
        """Fill the document's apply list, applied and unapplied, and bring its invoices up to date.

        `worth` is the paying document's value in base currency; what was refunded of it the payer has no more.
        """
        old = held(before or {})
        wanted = doc.get("apply") or []
        named = [line["doc"] for line in wanted if line.get("doc")]
        docs = {key: self.state.get("transaction", key) for key in dict.fromkeys([*named, *old])}
        items = {key: _open_item(one, *old.get(key, (ZERO, ZERO))) for key, one in docs.items() if _is_invoice(one)}
        if doc.get("autoApply") and not wanted:
            items |= self._open_items(payer, items)
            planned: list[Application] | Problem = automatic(payer, list(items.values()))
        else:
            planned = plan(wanted, payer, items)
        if isinstance(planned, Problem):
            raise Refused(planned)
        doc["apply"] = [
            {"line": number, "doc": one.doc, "apply": True, "amount": money_text(one.amount, payer.digits),
             "base": money_text(one.base, payer.base_digits), "refNum": items[one.doc].number, "type": "Invoice",
             "total": items[one.doc].total, "applyDate": doc["tranDate"]}
            for number, one in enumerate(planned, 1)
        ]  # fmt: skip
        applied, refunded = sum((one.amount for one in planned), ZERO), amount(doc.get("refunded"))
        loose = unapplied_base(payer.available + refunded, worth, applied, payer.base_digits)
        doc["applied"] = money_text(applied + refunded, payer.digits)
        doc["unapplied"] = money_text(payer.available - applied, payer.digits)
        doc["baseUnapplied"] = money_text(loose - amount(doc.get("baseRefunded")), payer.base_digits)
        doc["amountPaid"], doc["amountRemaining"] = doc["applied"], doc["unapplied"]
        self._bring_up_to_date(old, planned, items, payer, doc["tranDate"], at)

    def release(self, doc: Doc, at: float) -> None:
        """Take a payment or credit off its invoices before it is deleted: they are open again."""
        old = held(doc)
        items = {}
        for key, (value, base) in old.items():
            items[key] = _open_item(self.state.need("transaction", key), value, base)
        digits, base_digits = self.state.digits_of(doc)
        payer = Payer(doc["id"], doc["entity"], doc["currency"], "", ZERO, digits, base_digits)
        self._bring_up_to_date(old, [], items, payer, doc["tranDate"], at)

    def _bring_up_to_date(
        self, old: dict[str, tuple[Decimal, Decimal]], planned: list[Application], items: dict[str, OpenItem],
        payer: Payer, day: str, at: float,
    ) -> None:  # fmt: skip
        new = {one.doc: (one.amount, one.base) for one in planned}
        for key, item in items.items():
            value, base = new.get(key, (ZERO, ZERO))
            if old.get(key, (ZERO, ZERO)) == (value, base):
                continue
            invoice = self.state.need("transaction", key)
            remaining = item.remaining - value
            invoice |= {
                "amountRemaining": money_text(remaining, payer.digits),
                "amountPaid": money_text(Decimal(invoice["total"]) - remaining, payer.digits),
                "baseRemaining": money_text(item.base_remaining - base, payer.base_digits),
                "status": invoice_status(invoice.get("approvalStatus", "2"), remaining),
                "closeDate": None if remaining else day,
                "lastModifiedDate": stamp(at),
            }
            self.state.save("transaction", invoice)

    def _open_items(self, payer: Payer, known: dict[str, OpenItem]) -> dict[str, OpenItem]:
        rows = self.state.store.db.execute(
            "SELECT id FROM row_transaction WHERE entity = ? AND type = 'CustInvc' AND unpaid_e4 > 0 AND currency = ? "
            "AND account = ? ORDER BY id", (int(payer.entity), int(payer.currency), int(payer.account)),
        ).fetchall()  # fmt: skip
        fresh = [str(row[0]) for row in rows if str(row[0]) not in known]
        return {key: _open_item(self.state.need("transaction", key), ZERO, ZERO) for key in fresh}


def left_of(total: Decimal, doc: Doc) -> Decimal:
    """What a payment or credit memo still has of its total: refunds have taken theirs. Refused when that is too little.

    What is applied counts as had: the caller plans it anew.
    """
    left = total - amount(doc.get("refunded"))
    if left < 0:
        raise Refused(user_error("The total can not be less than the amount that was refunded.", "total"))
    return left


def require_invoice(state: State, key: str, path: str, or_order: bool = False) -> Doc:
    """A document that can be credited: an invoice; of an invoice also the order that it bills."""
    doc = state.get("transaction", key)
    if doc is None or not (_is_invoice(doc) or (or_order and doc["type"] == "SalesOrd")):
        raise Refused(invalid_value(path))
    return doc


def _is_invoice(doc: Doc | None) -> bool:
    return doc is not None and doc["type"] == "CustInvc"


def _open_item(doc: Doc | None, given: Decimal, base: Decimal) -> OpenItem:
    assert doc is not None
    return OpenItem(
        doc["id"], doc["entity"], doc["currency"], doc["account"], amount(doc["amountRemaining"]) + given,
        amount(doc["baseRemaining"]) + base, bool(doc["posting"]), doc.get("dueDate") or doc["tranDate"], doc["tranId"],
        doc["total"],
    )  # fmt: skip
