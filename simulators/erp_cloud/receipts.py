"""Writing customer payments: what came in, where it lies, and which invoices it settles."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Refused, invalid_value, missing_values, user_error
from simulators.erp_cloud.posting import Posting, Writing
from simulators.erp_cloud.rules_apply import Payer
from simulators.erp_cloud.rules_ledger import Entry, settle_entries
from simulators.erp_cloud.rules_money import amount, money_text, rounded
from simulators.erp_cloud.settling import Settling, left_of
from simulators.erp_cloud.state import State

Doc = dict[str, Any]


class Receipts:
    """The keeper of customer payments."""

    def __init__(self, state: State, posting: Posting, settling: Settling) -> None:
        self.state, self.posting, self.settling = state, posting, settling

    def write(self, doc: Doc, writing: Writing) -> None:
        """Finish, check and post a new or changed payment; `customer` at the wire is the document's entity."""
        customer = self.posting.payer(doc)
        doc["arAcct"] = self.posting.receivable(doc.get("arAcct"), customer, "arAcct")
        self.posting.header(doc, writing)
        digits, base_digits = self.state.digits_of(doc)
        if doc.get("payment") in (None, ""):
            raise Refused(missing_values("Payment Amount", path="payment"))
        total = rounded(Decimal(doc["payment"]), digits)
        if total < 0:
            raise Refused(user_error("The payment amount can not be negative.", "payment"))
        doc["payment"] = doc["total"] = money_text(total, digits)
        bank = bank_of(self.state, self.posting, doc)
        worth = rounded(total * Decimal(doc["exchangeRate"]), base_digits)
        payer = Payer(
            doc["id"], doc["entity"], doc["currency"], doc["arAcct"], left_of(total, doc), digits, base_digits
        )
        self.settling.settle(doc, writing.before, payer, worth, writing.at)
        doc["posting"] = True
        doc["baseTotal"] = money_text(worth, base_digits)
        doc["status"] = "B" if doc["undepFunds"] else "C"
        source = [Entry(bank, worth, total)]
        receivable, *rest = settle_entries(source, doc["arAcct"], doc, self.posting.accounts().exchange)
        self.posting.post(doc, [rest[0], receivable, *rest[1:]], writing)
        self.state.projection.link(doc)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Check that it may go; its invoices are open again."""
        self.posting.may_delete(doc, writing.role)
        self.settling.release(doc, writing.at)


def bank_of(state: State, posting: Posting, doc: Doc) -> str:
    """Where money that came in lies: a named bank account, else undeposited funds."""
    if doc.get("account") and not doc.get("undepFunds"):
        doc["undepFunds"] = False
        if state.need("account", doc["account"]).get("acctType") not in ("Bank", "OthCurrAsset", "UnDepFunds"):
            raise Refused(invalid_value("account"))
        return str(doc["account"])
    doc["undepFunds"] = True
    doc.pop("account", None)
    return posting.accounts().undeposited


def payment_overrides(invoice: Doc) -> Doc:
    """What transforming an invoice into a payment starts from: all that is open, applied to it."""
    if not amount(invoice["amountRemaining"]) or not invoice["posting"]:
        raise Refused(invalid_value("createdFrom"))
    return {
        "customer": invoice["entity"], "subsidiary": invoice["subsidiary"], "currency": invoice["currency"],
        "arAcct": invoice["account"], "payment": invoice["amountRemaining"],
        "apply": [{"line": 1, "doc": invoice["id"], "apply": True}],
    }  # fmt: skip
