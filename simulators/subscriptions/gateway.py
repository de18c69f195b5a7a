"""The simulated payment gateway: test cards decide, unless somebody ordered another outcome for the next charges."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions.work import Work

approximate(
    "gateway",
    "test cards decide (4111111111111111 pays, 4000000000000002 declines, 4000000000000069 expired, "
    "4000000000009995 lacks funds), test accounts too (000123456789 clears, 000222222227 bounces, "
    "000333333335 is returned after it had cleared); act `gateway` overrides the next charges, also "
    "with a late failure, a delay, or no answer at all",
    source="ours",
)

ID = "gw_windtunnel"
NAME = "chargebee"
CARDS = {
    # test card number: what the gateway does with a charge on it
    "4111111111111111": "succeed",
    "4242424242424242": "succeed",
    "5555555555554444": "succeed",
    "378282246310005": "succeed",
    "4000000000000002": "decline",
    "4000000000000069": "expired",
    "4000000000009995": "insufficient",
}
DECLINES = {
    # outcome: (error_code, error_text)
    "decline": ("card_declined", "(100) The card was declined by the issuing bank."),
    "expired": ("expired_card", "(101) The card has expired."),
    "insufficient": ("insufficient_funds", "(102) The account lacks the funds."),
}
ACCOUNTS = {
    # test account number: what the bank does with a debit from it
    "000123456789": "delayed",
    "000222222227": "delayed_failure",
    "000333333335": "late_failure",
}
DELAYED = {
    # outcome: what becomes of a payment in progress
    "delayed": "success",
    "delayed_failure": "failure",
}
RETURNED = ("debit_returned", "(103) The bank returned the debit.")
NO_ANSWER = "no_answer"  # the gateway never said: somebody has to look there and reconcile
OUTCOMES = ("succeed", *DECLINES, "late_failure", *DELAYED, NO_ANSWER)
LATE_FAILURE_S = 3 * 86_400.0
_STATUS = {"late_failure": "success", "succeed": "success", NO_ANSWER: "needs_attention"} | dict.fromkeys(
    DELAYED, "in_progress"
)


def order(work: Work, outcome: str, times: int, customer_id: str | None, delay_s: float) -> Doc:
    """Decide the outcome of the next `times` charges (of one customer if given)."""
    return work.keep("gateway_order", {
        "id": f"go_{work.token('gateway_order', 8)}", "outcome": outcome, "left": times, "customer_id": customer_id,
        "delay_s": delay_s,
    })  # fmt: skip


def outcome_for(work: Work, source: Doc) -> tuple[str, float]:
    """What happens to a charge on this payment source, and after how long a late failure follows."""
    for ordered in work.find("gateway_order"):
        if ordered["left"] > 0 and ordered["customer_id"] in (None, source["customer_id"]):
            ordered["left"] -= 1
            if ordered["left"]:
                work.keep("gateway_order", ordered)
            else:
                work.remove("gateway_order", ordered["id"])
            return ordered["outcome"], ordered["delay_s"]
    return source.get("_outcome", "succeed"), LATE_FAILURE_S


def payment(work: Work, source: Doc, amount: int, currency_code: str, outcome: str) -> Doc:
    """The transaction of one charge: successful, failed, in progress or in need of attention; linked to nothing yet."""
    card: dict[str, Any] = source.get("card", {})
    account: dict[str, Any] = card or source.get("bank_account", {})
    failed = DECLINES.get(outcome)
    status = "failure" if failed else _STATUS[outcome]
    txn: Doc = {
        "id": f"txn_{work.token('transaction')}", "customer_id": source["customer_id"], "type": "payment",
        "gateway": NAME, "gateway_account_id": ID, "payment_source_id": source["id"],
        "payment_method": source["type"], "date": work.at, "currency_code": currency_code, "amount": amount,
        "amount_unused": amount if status == "success" else 0, "status": status,
        "id_at_gateway": f"cb_{work.token('gateway')}", "fraud_flag": "safe", "initiator_type": "merchant",
        "three_d_secure": False, "masked_card_number": card.get("masked_number"), "iin": card.get("iin"),
        "last4": account.get("last4"), "deleted": False, "linked_invoices": [], "linked_refunds": [],
        "business_entity_id": source.get("business_entity_id"), "object": "transaction",
    }  # fmt: skip
    if failed:
        txn["error_code"], txn["error_text"] = failed
    txn = {name: value for name, value in txn.items() if value is not None}
    return work.save("transaction", txn)
