"""Sales orders: what was ordered, how much of it is billed, and the invoice that an order becomes."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Refused, invalid_value, user_error
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.rules_money import ZERO, amount, number_text
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import absent, approximate

approximate(
    "salesOrder",
    "does not post; `!transform/invoice` bills what is not billed yet (the body may bill less); status A pending "
    "approval, F pending billing, E partially billed, G billed; more than was ordered is refused; texts are ours",
    source="documented, ours",
)
absent("item fulfillment, closing of order lines")

Doc = dict[str, Any]


def quantity_of(line: Doc) -> Decimal:
    """A line without quantity is one."""
    return Decimal(line["quantity"]) if line.get("quantity") not in (None, "") else Decimal(1)


def order_status(doc: Doc) -> str:
    """By approval and by how much of its lines is billed."""
    if doc.get("orderStatus") == "A":
        return "A"
    billed = [amount(line.get("quantityBilled")) for line in doc["item"]]
    if all(done >= quantity_of(line) for done, line in zip(billed, doc["item"], strict=True)):
        return "G"
    return "E" if any(billed) else "F"


def bill_order(state: State, key: str | None, at: float) -> None:
    """Bring an order up to date with its invoices; Refused when they bill more than was ordered."""
    order = state.get("transaction", key)
    if order is None or order["type"] != "SalesOrd":
        return
    rows = state.store.db.execute(
        "SELECT id FROM row_transaction WHERE createdfrom = ? AND type = 'CustInvc'", (int(order["id"]),)
    ).fetchall()
    billed: dict[int, Decimal] = {}
    for (invoice,) in rows:
        for line in state.need("transaction", str(invoice))["item"]:
            if line.get("orderLine"):
                billed[line["orderLine"]] = billed.get(line["orderLine"], ZERO) + quantity_of(line)
    lines = [{**line, "quantityBilled": number_text(billed.get(line["line"], ZERO))} for line in order["item"]]
    if any(amount(line["quantityBilled"]) > quantity_of(line) for line in lines):
        raise Refused(user_error("More than was ordered can not be billed.", "item"))
    changed = order | {"item": lines, "lastModifiedDate": stamp(at)}
    state.save("transaction", changed | {"status": order_status(changed)})


def invoice_overrides(order: Doc) -> Doc:
    """What transforming an order into an invoice starts from: its lines as far as they are not billed."""
    lines: list[Doc] = []
    for line in order["item"]:
        left = quantity_of(line) - amount(line.get("quantityBilled"))
        if left > 0:
            kept = {name: value for name, value in line.items() if name not in ("quantityBilled", "line")}
            if left != quantity_of(line):
                kept["amount"] = number_text(Decimal(line["amount"]) * left / quantity_of(line))
            lines.append({**kept, "line": len(lines) + 1, "quantity": number_text(left), "orderLine": line["line"]})
    if not lines or order["status"] == "A":
        raise Refused(invalid_value("createdFrom"))
    kept_fields = ("entity", "subsidiary", "currency", "exchangeRate", "terms", "otherRefNum", "memo", "department",
                   "class", "location", "billingAddress", "shippingAddress")  # fmt: skip
    values = {name: order[name] for name in kept_fields if order.get(name) is not None}
    if order.get("taxDetailsOverride") and order["status"] == "F":  # of a part the tax has to be said anew
        values |= {"taxDetailsOverride": True, "taxDetails": [dict(one) for one in order["taxDetails"]]}
    return values | {"item": lines, "createdFrom": order["id"]}
