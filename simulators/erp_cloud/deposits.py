"""Writing customer deposits, which is money before there is a bill, and their applications to invoices."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Refused, invalid_value, missing_values, user_error
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.posting import Posting, Writing
from simulators.erp_cloud.receipts import bank_of
from simulators.erp_cloud.rules_apply import Payer, held
from simulators.erp_cloud.rules_ledger import Entry, settle_entries
from simulators.erp_cloud.rules_money import ZERO, amount, money_text, rounded
from simulators.erp_cloud.settling import Settling
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import absent, approximate, exact

exact(
    "customerDeposit: Dr bank, Cr customer deposits (a liability that the account makes itself), before there is an "
    "invoice and perhaps for a sales order; its transform to a depositApplication, Dr customer deposits, Cr A/R, "
    "settles invoices of the same customer and currency; over-application, deletion while applied, another currency "
    "or customer, or another amount afterwards are refused",
    source="documented",
    held_by="test_deposits, test_ledger_properties",
)
approximate("customerDeposit, depositApplication", "texts, numbers, no application without a line", source="ours")
absent("refund and void of customer deposits; they are applied or deleted")

Doc = dict[str, Any]

LIABILITY, KIND = "Customer Deposits", "OthCurrLiab"
_FIXED = ("entity", "currency", "subsidiary", "exchangeRate")


class Deposits:
    """The keeper of customer deposits."""

    def __init__(self, state: State, posting: Posting) -> None:
        self.state, self.posting = state, posting

    def write(self, doc: Doc, writing: Writing) -> None:
        """Finish, check and post a new or changed deposit; `customer` at the wire is the document's entity."""
        self.posting.payer(doc)
        self.posting.header(doc, writing)
        self._order(doc)
        digits, base_digits = self.state.digits_of(doc)
        if doc.get("payment") in (None, ""):
            raise Refused(missing_values("Payment Amount", path="payment"))
        total, before = rounded(Decimal(doc["payment"]), digits), writing.before or {}
        if total <= 0:
            raise Refused(user_error("The deposit amount must be positive.", "payment"))
        doc["payment"] = money_text(total, digits)
        changed = [name for name in (*_FIXED, "payment") if doc.get(name) != before.get(name)]
        if changed and amount(before.get("applied")):
            raise Refused(user_error("A deposit that is applied can not be changed in this field.", changed[0]))
        bank = bank_of(self.state, self.posting, doc)
        worth = rounded(total * Decimal(doc["exchangeRate"]), base_digits)
        doc |= {
            "total": doc["payment"], "posting": True, "baseTotal": money_text(worth, base_digits),
            "liability": doc.get("liability") or self._liability(),
        }  # fmt: skip
        _measure(doc, amount(doc.get("applied")), amount(doc.get("baseApplied")), digits, base_digits)
        self.posting.post(doc, [Entry(bank, worth, total), Entry(doc["liability"], -worth, -total)], writing)

    def _order(self, doc: Doc) -> None:
        if not doc.get("salesOrder"):
            return
        order = self.state.get("transaction", doc["salesOrder"])
        if order is None or order["type"] != "SalesOrd" or order["entity"] != doc["entity"]:
            raise Refused(invalid_value("salesOrder"))

    def _liability(self) -> str:
        """The account of deposits; the first deposit of an account brings it about."""
        for one in self.state.store.find("account"):
            if one.get("acctName") == LIABILITY and one.get("acctType") == KIND:
                return str(one["id"])
        key = self.state.new_id("account", 1_000)
        self.state.save("account", {"id": key, "recordType": "account", "acctName": LIABILITY, "acctType": KIND})
        return key

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Check that it may go: not while it is applied."""
        self.posting.may_delete(doc, writing.role)


class DepositApplications:
    """The keeper of deposit applications: what of a deposit settles which invoices."""

    def __init__(self, state: State, posting: Posting, settling: Settling) -> None:
        self.state, self.posting, self.settling = state, posting, settling

    def write(self, doc: Doc, writing: Writing) -> None:
        """Finish, check and post; customer, currency, subsidiary and rate are the deposit's."""
        deposit = self.state.get("transaction", doc.get("deposit"))
        if deposit is None or deposit["type"] != "CustDep":
            raise Refused(invalid_value("deposit") if doc.get("deposit") else missing_values("Deposit", path="deposit"))
        if writing.before is not None and writing.before["deposit"] != doc["deposit"]:
            raise Refused(invalid_value("deposit"))
        doc |= {name: deposit[name] for name in (*_FIXED, "customer")} | {"createdFrom": deposit["id"]}
        doc["arAcct"] = self.posting.receivable(doc.get("arAcct"), self.posting.customer(doc), "arAcct")
        self.posting.header(doc, writing)
        digits, base_digits = self.state.digits_of(doc)
        before = writing.before or {}
        given, given_base = amount(before.get("total")), amount(before.get("baseTotal"))
        free, free_base = amount(deposit["unapplied"]) + given, amount(deposit["baseUnapplied"]) + given_base
        payer = Payer(doc["id"], doc["entity"], doc["currency"], doc["arAcct"], free, digits, base_digits)
        self.settling.settle(doc, writing.before, payer, free_base, writing.at)
        total = sum((value for value, _base in held(doc).values()), ZERO)
        if not total:
            raise Refused(missing_values("Apply", path="apply"))
        share = rounded(amount(deposit["baseTotal"]) * total / amount(deposit["total"]), base_digits)
        worth = free_base if total == free else min(share, free_base)
        doc |= {
            "total": money_text(total, digits), "baseTotal": money_text(worth, base_digits), "posting": True,
            "applied": money_text(total, digits), "unapplied": "0", "baseUnapplied": "0", "status": None,
        }  # fmt: skip
        doc |= {"amountPaid": doc["applied"], "amountRemaining": "0"}
        source = [Entry(deposit["liability"], worth, total)]
        self._take(deposit, total - given, worth - given_base, writing.at)
        receivable, *rest = settle_entries(source, doc["arAcct"], doc, self.posting.accounts().exchange)
        self.posting.post(doc, [rest[0], receivable, *rest[1:]], writing)
        self.state.projection.link(doc)

    def _take(self, deposit: Doc, more: Decimal, base: Decimal, at: float) -> None:
        fresh = deposit | {"lastModifiedDate": stamp(at)}
        applied, worth = amount(deposit["applied"]) + more, amount(deposit["baseApplied"]) + base
        _measure(fresh, applied, worth, *self.state.digits_of(deposit))
        self.state.save("transaction", fresh)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Check that it may go; its invoices are open again, and the deposit has its money back."""
        self.posting.may_delete(doc, writing.role)
        self.settling.release(doc, writing.at)
        deposit = self.state.need("transaction", doc["deposit"])
        self._take(deposit, -amount(doc["total"]), -amount(doc["baseTotal"]), writing.at)


def application_overrides(deposit: Doc) -> Doc:
    """What transforming a deposit into its application starts from."""
    if not amount(deposit["unapplied"]):
        raise Refused(invalid_value("createdFrom"))
    return {"deposit": deposit["id"]}


def _measure(doc: Doc, applied: Decimal, base: Decimal, digits: int, base_digits: int) -> None:
    """What is applied of a deposit and its worth, what is left, and the status that follows from it."""
    total = amount(doc["total"])
    doc |= {
        "applied": money_text(applied, digits), "unapplied": money_text(total - applied, digits),
        "baseApplied": money_text(base, base_digits),
        "baseUnapplied": money_text(amount(doc["baseTotal"]) - base, base_digits),
        "status": "C" if applied == total else "A" if doc["undepFunds"] else "B",
    }  # fmt: skip
    doc |= {"amountPaid": doc["applied"], "amountRemaining": doc["unapplied"]}
