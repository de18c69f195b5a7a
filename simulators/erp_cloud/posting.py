"""What every transaction shares when it is written: header defaults, posting period, ledger lines, period control."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Problem, Refused, invalid_value, missing_values, user_error
from simulators.erp_cloud.moments import stamp, today
from simulators.erp_cloud.roles import Role
from simulators.erp_cloud.rules_apply import held
from simulators.erp_cloud.rules_ledger import Accounts, Entry, balanced
from simulators.erp_cloud.rules_money import e4, number_text
from simulators.erp_cloud.rules_periods import choose_period, may_touch
from simulators.erp_cloud.schemas import RecordType
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import absent, approximate, exact

exact(
    "Dr A/R, Cr income or deferred revenue, Cr tax; payments and credit memos against it; realised gain and loss "
    "at application",
    source="documented",
    held_by="test_ledger_properties, test_payments",
)
approximate("rounding of part payments", "is ours", source="ours")
absent("consolidation, allocation")

Doc = dict[str, Any]

PREFIX = {
    "CustInvc": "INV", "CustCred": "CM", "CustPymt": "PYMT", "CustRfnd": "CR", "Journal": "JE", "SalesOrd": "SO",
    "CustDep": "CD", "DepAppl": "DA",
}  # fmt: skip
FIXED_WHEN_APPLIED = ("entity", "currency", "subsidiary", "exchangeRate", "account")


@dataclass(frozen=True)
class Writing:
    """One write: what is written, what was there before, who writes and when (epoch s)."""

    record: RecordType
    before: Doc | None
    given: frozenset[str]  # camelCase names of the properties in the body
    role: Role
    at: float


def insist(problem: Problem | None) -> None:
    """Raise what a rule refused."""
    if problem is not None:
        raise Refused(problem)


class Posting:
    """Header, period and ledger of transactions."""

    def __init__(self, state: State) -> None:
        self.state = state

    # -- header -------------------------------------------------------------------------------

    def customer(self, doc: Doc) -> Doc:
        """The document's customer: there and active."""
        if not doc.get("entity"):
            raise Refused(missing_values("Customer", path="entity"))
        customer = self.state.get("customer", doc["entity"])
        if customer is None or customer.get("isInactive"):
            raise Refused(invalid_value("entity"))
        return customer

    def payer(self, doc: Doc) -> Doc:
        """The customer of what pays; `customer` at the wire is the document's entity."""
        if not doc.get("customer"):
            raise Refused(missing_values("Customer", path="customer"))
        doc["entity"] = doc["customer"]
        customer = self.customer(doc)
        self.sell_side(doc, customer)
        return customer

    def sell_side(self, doc: Doc, customer: Doc) -> None:
        """Subsidiary and currency: the customer's unless told, and only those that the customer has."""
        doc["subsidiary"] = doc.get("subsidiary") or customer["subsidiary"]
        doc["currency"] = doc.get("currency") or customer["currency"]
        if doc["subsidiary"] != customer["subsidiary"]:
            related = self.state.store.find("relationship", entity=customer["id"])
            if doc["subsidiary"] not in [one["subsidiary"] for one in related if not one.get("isInactive")]:
                raise Refused(invalid_value("subsidiary"))
        listed = [line.get("currency") for line in customer.get("currencyList") or ()]
        if doc["currency"] != customer["currency"] and doc["currency"] not in listed:
            raise Refused(invalid_value("currency"))

    def header(self, doc: Doc, writing: Writing) -> None:
        """Date, exchange rate, number and stamps."""
        before, at = writing.before, writing.at
        doc["tranDate"] = doc.get("tranDate") or today(at, self.state.preferences["timezone"])
        self._exchange_rate(doc, writing)
        if before is None:
            doc |= {"createdDate": stamp(at), "createdBy": writing.role.name, "type": writing.record.code}
        doc["recordType"], doc["lastModifiedDate"] = writing.record.name, stamp(at)
        if not doc.get("tranId"):
            doc["tranId"] = f"{PREFIX[doc['type']]}{self.state.store.next('tranid.' + doc['type'])}"
        elif self.state.preferences["duplicateTranId"] == "refuse":
            row = self.state.store.db.execute(
                "SELECT 1 FROM row_transaction WHERE tranid = ? AND type = ? AND id != ?",
                (doc["tranId"], doc["type"], int(doc["id"])),
            ).fetchone()
            if row is not None:
                raise Refused(user_error("The transaction number already exists: DUP_RCRD.", "tranId"))
        self._period(doc, writing)

    def _exchange_rate(self, doc: Doc, writing: Writing) -> None:
        subsidiary = self.state.need("subsidiary", doc["subsidiary"])
        moved = writing.before is not None and "exchangeRate" not in writing.given and any(
            doc.get(name) != writing.before.get(name) for name in ("tranDate", "currency", "subsidiary")
        )  # fmt: skip
        if doc["currency"] == subsidiary["currency"]:
            doc["exchangeRate"] = "1"
        elif not doc.get("exchangeRate") or (moved and not doc.get("apply") and not doc.get("amountPaid")):
            doc["exchangeRate"] = self.rate_of(doc["currency"], subsidiary["currency"], doc["tranDate"])
        if Decimal(doc["exchangeRate"]) <= 0:
            raise Refused(invalid_value("exchangeRate"))

    def rate_of(self, currency: str, base: str, day: str) -> str:
        """Base units for one unit of a currency on a day: the youngest dated rate, else the currencies' own rates."""
        row = self.state.store.db.execute(
            "SELECT json_extract(doc, '$.exchangeRate') FROM currencyRate WHERE transactionCurrency = ? AND "
            "json_extract(doc, '$.baseCurrency') = ? AND effectiveDate <= ? ORDER BY effectiveDate DESC, rowid DESC",
            (currency, base, day),
        ).fetchone()
        if row is not None:
            return str(row[0])
        ours = self.state.need("currency", currency).get("exchangeRate")
        theirs = self.state.need("currency", base).get("exchangeRate")
        if not ours or not theirs:
            raise Refused(missing_values("Exchange Rate", path="exchangeRate"))
        return number_text((Decimal(ours) / Decimal(theirs)).quantize(Decimal("0.00000001")))

    def _period(self, doc: Doc, writing: Writing) -> None:
        before = writing.before
        kept = before is not None and before["tranDate"] == doc["tranDate"]
        given = doc.get("postingPeriod") if kept or "postingPeriod" in writing.given else None
        wishes, months = self.state.preferences, self.state.months()
        chosen = choose_period(
            doc["tranDate"], self.state.get("accountingPeriod", given), months, wishes["transactionDateOutsidePeriod"],
            wishes["defaultPostingPeriod"], today(writing.at, wishes["timezone"]),
        )  # fmt: skip
        if isinstance(chosen, Problem):
            raise Refused(chosen)
        doc["postingPeriod"] = chosen["id"]

    # -- ledger -------------------------------------------------------------------------------

    def post(self, doc: Doc, entries: Sequence[Entry], writing: Writing) -> None:
        """Check the periods that the write touches, then put document, lines and ledger lines in place."""
        posting = bool(doc["posting"])
        assert balanced(entries), f"unbalanced ledger lines behind {doc['recordType']} {doc['id']}"
        before = writing.before
        impact = before is None or self._impact(before, doc, entries if posting else ())
        if posting or (before is not None and before["posting"]):
            touched = {doc["postingPeriod"]} | ({before["postingPeriod"]} if before else set())
            for period in sorted(touched):
                insist(self._touch(period, impact, writing.role, doc))
        self.state.save("transaction", doc)
        self.state.projection.post(doc, entries if posting else (), posting)

    def _touch(self, period: str, impact: bool, role: Role, doc: Doc) -> Problem | None:
        found, override = self.state.need("accountingPeriod", period), role.override_period_restrictions
        return may_touch(found, impact, override, doc["type"] != "Journal")

    def _impact(self, before: Doc, doc: Doc, entries: Sequence[Entry]) -> bool:
        """Would the write change the ledger? (Applications move receivables only when their own lines differ.)"""
        if any(before.get(name) != doc.get(name) for name in ("tranDate", "postingPeriod", "entity")):
            return True
        if held(before) != held(doc):
            return True
        rows = self.state.store.db.execute(
            "SELECT account, debit_e4 - credit_e4, foreign_e4 FROM row_gl WHERE tx = ? ORDER BY line", (int(doc["id"]),)
        ).fetchall()
        return rows != [(int(one.account), e4(one.value), e4(one.foreign)) for one in entries]

    def may_delete(self, doc: Doc, role: Role) -> None:
        """Nothing depends on it and its period may be touched."""
        row = self.state.store.db.execute(
            "SELECT 1 FROM row_link WHERE previousdoc = ? "
            "UNION ALL SELECT 1 FROM row_transaction WHERE createdfrom = ?",
            (int(doc["id"]), int(doc["id"])),
        ).fetchone()
        if row is not None:
            raise Refused(user_error(
                "This transaction cannot be deleted because it is linked to by one or more transactions."
            ))  # fmt: skip
        if doc["posting"]:
            insist(self._touch(doc["postingPeriod"], True, role, doc))

    # -- accounts -----------------------------------------------------------------------------

    def accounts(self) -> Accounts:
        """The account's system accounts, from the preferences that the seed has settled."""
        wishes = self.state.preferences
        return Accounts(
            wishes["receivableAccount"], wishes["undepositedAccount"], wishes["taxAccount"], wishes["exchangeAccount"]
        )

    def receivable(self, given: str | None, customer: Doc, path: str) -> str:
        """The document's A/R account; one that is not of type AcctRec is refused."""
        account = given or customer.get("receivablesAccount") or self.accounts().receivable
        if self.state.need("account", account).get("acctType") != "AcctRec":
            raise Refused(invalid_value(path))
        return str(account)
