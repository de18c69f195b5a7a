"""Promotional credits: given, taken and set by hand, used as a discount by the next bills, given back by a void."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import balances, customers
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_credit import spread
from simulators.subscriptions.rules_invoice import net
from simulators.subscriptions.work import Work

approximate(
    "promotional credits",
    "a discount spread over the lines of the next bill (before tax), a pending one at its close; a void "
    "or deleted bill gives them back",
    source="observed, ours",
)

Result = dict[str, Any]

KINDS = ("loyalty_credits", "referral_rewards", "general")
NAME = "promotional_credits"


def add(work: Work, params: Params) -> Result:
    """POST /promotional_credits/add."""
    return _by_hand(work, params, params.need("customer_id"), "add")


def deduct(work: Work, params: Params) -> Result:
    """POST /promotional_credits/deduct: never more than there is."""
    return _by_hand(work, params, params.need("customer_id"), "deduct")


def set_to(work: Work, params: Params) -> Result:
    """POST /promotional_credits/set: the difference to the present balance is added or deducted."""
    return _by_hand(work, params, params.need("customer_id"), "set")


def of_customer(what: str) -> Any:
    """POST /customers/{id}/<what>_promotional_credits: the same, and the answer is the customer alone."""

    def action(work: Work, params: Params, key: str) -> Result:
        """As the module says."""
        return {"customer": _by_hand(work, params, key, what)["customer"]}

    return action


def _by_hand(work: Work, params: Params, key: str, what: str) -> Result:
    customer = customers.live(work, key, "customer_id")
    amount = params.number("amount", least=0 if what == "set" else 1)
    currency = (params.currency("currency_code") or customer["preferred_currency_code"]).upper()
    members: Doc = {"description": params.need("description"), "credit_type": params.choice("credit_type", KINDS)}
    members["reference"] = params.text("reference", longest=500)
    balance = _balance(customer, currency)
    change = {"add": amount, "deduct": -amount, "set": amount - balance}[what]
    if balance + change < 0:
        raise wrong("amount", f"the customer has {balance}")
    if change == 0:
        raise bad_state(f"the balance is {balance} already")
    return {"customer": customer, "promotional_credit": _move(work, customer, change, currency, members)}


def _balance(customer: Doc, currency: str) -> int:
    return next((row[NAME] for row in customer["balances"] if row["currency_code"] == currency), 0)


def _move(work: Work, customer: Doc, change: int, currency: str, members: Doc) -> Doc:
    balances.move(work, customer, NAME, change, currency)
    entry: Doc = {
        "id": f"pc_{work.token('promotional_credit')}", "customer_id": customer["id"], "amount": abs(change),
        "type": "increment" if change > 0 else "decrement", "currency_code": currency, "created_at": work.at,
        "closing_balance": _balance(customer, currency), "done_by": work.source, "deleted": False,
        "object": "promotional_credit", "credit_type": "general",
        "business_entity_id": customer.get("business_entity_id"),
    }  # fmt: skip
    entry |= {name: value for name, value in members.items() if value is not None}
    entry = {name: value for name, value in entry.items() if value is not None}
    work.keep("promotional_credit", entry)
    event = f"promotional_credits_{'added' if change > 0 else 'deducted'}"
    work.emit(event, customer=customer, promotional_credit=entry)
    return entry


def use(customer: Doc, lines: list[Doc], currency: str) -> list[tuple[Doc, int]] | None:
    """Take what the customer has off lines that are not taxed yet; returns what was taken off which line."""
    left, owed = _balance(customer, currency), [max(0, net(line)) for line in lines]
    amount = min(left, sum(owed))
    if amount <= 0:
        return None
    taken = [(line, share) for line, share in zip(lines, spread(amount, owed), strict=True) if share]
    for line, share in taken:
        line["discount_amount"] += share
    return taken


def record(work: Work, customer: Doc, invoice: Doc, taken: list[tuple[Doc, int]] | None) -> None:
    """Say on the invoice, and in the customer's account, what `use` took."""
    if not taken:
        return
    amount = sum(share for _, share in taken)
    invoice["line_item_discounts"] += [
        {"object": "line_item_discount", "line_item_id": line["id"], "discount_type": NAME, "discount_amount": share}
        for line, share in taken
    ]
    invoice["discounts"].append({
        "object": "discount", "amount": amount, "entity_type": NAME, "description": "Promotional Credits",
    })  # fmt: skip
    members = {"description": f"Used by invoice {invoice['id']}", "reference": invoice["id"]}
    _move(work, customer, -amount, invoice["currency_code"], members)


def give_back(work: Work, invoice: Doc) -> None:
    """A void or deleted invoice gives the credits back that it used."""
    amount = sum(entry["amount"] for entry in invoice["discounts"] if entry["entity_type"] == NAME)
    if amount:
        customer = work.need("customer", invoice["customer_id"])
        members = {"description": f"Given back by invoice {invoice['id']}", "reference": invoice["id"]}
        _move(work, customer, amount, invoice["currency_code"], members)
