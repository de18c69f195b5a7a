"""Writing customer refunds: money that goes back, and the credit memos or unapplied payments that it is taken from."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Problem, Refused, invalid_value, missing_values
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.posting import Posting, Writing
from simulators.erp_cloud.rules_apply import Application, OpenItem, Payer, held, plan
from simulators.erp_cloud.rules_ledger import refund_entries
from simulators.erp_cloud.rules_money import ZERO, amount, money_text, rounded
from simulators.erp_cloud.state import State

Doc = dict[str, Any]

CREDITS = {"CustCred": "Credit Memo", "CustPymt": "Payment"}  # what a refund can take from
UNLIMITED = Decimal("Infinity")  # a refund is as large as what it is applied to: its total is read-only


class Refunds:
    """The keeper of customer refunds. Without an apply line there is nothing to give back."""

    def __init__(self, state: State, posting: Posting) -> None:
        self.state, self.posting = state, posting

    def write(self, doc: Doc, writing: Writing) -> None:
        """Finish, check and post a new or changed refund; `customer` at the wire is the document's entity."""
        customer = self.posting.payer(doc)
        doc["arAcct"] = self.posting.receivable(doc.get("arAcct"), customer, "arAcct")
        doc["account"] = self._bank(doc)
        self.posting.header(doc, writing)
        digits, base_digits = self.state.digits_of(doc)
        payer = Payer(doc["id"], doc["entity"], doc["currency"], doc["arAcct"], UNLIMITED, digits, base_digits)
        total = self._take(doc, held(writing.before or {}), payer, writing.at)
        worth = rounded(total * Decimal(doc["exchangeRate"]), base_digits)
        doc |= {
            "total": money_text(total, digits), "amountPaid": money_text(total, digits),
            "amountRemaining": money_text(ZERO, digits), "baseTotal": money_text(worth, base_digits),
            "posting": True, "status": None,
        }  # fmt: skip
        exchange = self.posting.accounts().exchange
        self.posting.post(doc, refund_entries(doc, doc["account"], doc["arAcct"], exchange, worth), writing)
        self.state.projection.link(doc)

    def _bank(self, doc: Doc) -> str:
        """The named account, else the first bank account of the chart."""
        if not doc.get("account"):
            banks = [one for one in self.state.store.find("account") if one.get("acctType") == "Bank"]
            if not banks:
                raise Refused(missing_values("Account", path="account"))
            return str(min(banks, key=lambda one: int(one["id"]))["id"])
        if self.state.need("account", doc["account"]).get("acctType") not in ("Bank", "OthCurrAsset", "UnDepFunds"):
            raise Refused(invalid_value("account"))
        return str(doc["account"])

    def _take(self, doc: Doc, old: dict[str, tuple[Decimal, Decimal]], payer: Payer, at: float) -> Decimal:
        """Take the amounts from the credits that the apply list names; returns their sum."""
        wanted = doc.get("apply") or []
        named = [line["doc"] for line in wanted if line.get("doc")]
        docs = {key: self.state.get("transaction", key) for key in dict.fromkeys([*named, *old])}
        items = {
            key: _open_credit(one, *old.get(key, (ZERO, ZERO)))
            for key, one in docs.items() if one is not None and one["type"] in CREDITS
        }  # fmt: skip
        planned = plan(wanted, payer, items)
        if isinstance(planned, Problem):
            raise Refused(planned)
        if not planned:
            raise Refused(missing_values("Apply", path="apply"))
        doc["apply"] = [
            {"line": number, "doc": one.doc, "apply": True, "amount": money_text(one.amount, payer.digits),
             "base": money_text(one.base, payer.base_digits), "refNum": items[one.doc].number,
             "type": CREDITS[str((docs[one.doc] or {})["type"])], "total": items[one.doc].total,
             "applyDate": doc["tranDate"]}
            for number, one in enumerate(planned, 1)
        ]  # fmt: skip
        self._bring_up_to_date(old, planned, payer, at)
        return sum((one.amount for one in planned), ZERO)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Check that it may go; what it took is unapplied again."""
        self.posting.may_delete(doc, writing.role)
        digits, base_digits = self.state.digits_of(doc)
        payer = Payer(doc["id"], doc["entity"], doc["currency"], doc["arAcct"], UNLIMITED, digits, base_digits)
        self._bring_up_to_date(held(doc), [], payer, writing.at)

    def _bring_up_to_date(
        self, old: dict[str, tuple[Decimal, Decimal]], planned: list[Application], payer: Payer, at: float
    ) -> None:
        new = {one.doc: (one.amount, one.base) for one in planned}
        for key in dict.fromkeys([*new, *old]):
            more, base = (now - was for now, was in zip(new.get(key, _NONE), old.get(key, _NONE), strict=True))
            if not more and not base:
                continue
            credit = self.state.need("transaction", key)
            left = amount(credit["unapplied"]) - more
            credit |= {
                "refunded": money_text(amount(credit.get("refunded")) + more, payer.digits),
                "baseRefunded": money_text(amount(credit.get("baseRefunded")) + base, payer.base_digits),
                "applied": money_text(amount(credit["applied"]) + more, payer.digits),
                "unapplied": money_text(left, payer.digits),
                "baseUnapplied": money_text(amount(credit["baseUnapplied"]) - base, payer.base_digits),
                "lastModifiedDate": stamp(at),
            }
            credit |= {"amountPaid": credit["applied"], "amountRemaining": credit["unapplied"]}
            if credit["type"] == "CustCred":
                credit["status"] = "A" if left else "B"
            self.state.save("transaction", credit)


_NONE = (ZERO, ZERO)


def _open_credit(doc: Doc, given: Decimal, base: Decimal) -> OpenItem:
    """A credit as an open item: what of it is unapplied, and what it already gave to this refund."""
    account = doc["arAcct"] if doc["type"] == "CustPymt" else doc["account"]
    return OpenItem(
        doc["id"], doc["entity"], doc["currency"], account, amount(doc["unapplied"]) + given,
        amount(doc["baseUnapplied"]) + base, True, doc["tranDate"], doc["tranId"], doc["total"],
    )  # fmt: skip
