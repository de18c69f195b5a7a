"""A customer's balances: refundable and promotional credits, excess payments and unbilled charges, by currency."""

from simulators.kit.store import Doc
from simulators.subscriptions.work import Work

NAMES = ("promotional_credits", "excess_payments", "refundable_credits", "unbilled_charges")


def move(work: Work, customer: Doc, name: str, amount: int, currency_code: str) -> None:
    """Add `amount` (minor units, may be negative) to one balance of a customer."""
    row = next((row for row in customer["balances"] if row["currency_code"] == currency_code), None)
    if row is None:
        row = {**dict.fromkeys(NAMES, 0), "currency_code": currency_code, "balance_currency_code": currency_code,
               "object": "customer_balance"}  # fmt: skip
        customer["balances"].append(row)
    row[name] += amount
    customer[name] += amount
    work.save("customer", customer)
