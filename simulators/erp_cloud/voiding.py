"""Voiding, which people do on pages and REST has no call for: amounts to zero, or a reversing journal."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Refused, user_error
from simulators.erp_cloud.moments import stamp, today
from simulators.erp_cloud.orders import bill_order
from simulators.erp_cloud.posting import Posting, Writing
from simulators.erp_cloud.revenue import Revenue
from simulators.erp_cloud.roles import Role
from simulators.erp_cloud.rules_ledger import Entry
from simulators.erp_cloud.rules_money import amount
from simulators.erp_cloud.schemas import BY_CODE, JOURNAL_ENTRY
from simulators.erp_cloud.settling import Settling
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import absent, approximate

approximate(
    "void",
    "an act of people (`void_record`): amounts become zero and the status Voided, in an open period and where nothing "
    "depends on it; with the preference `voidByReversingJournal` a payment gets a reversing journal dated today, and "
    "invoices and credit memos have no void; a voided record cannot be changed; texts are ours",
    source="documented, ours",
)
absent("void of customer refunds and journal entries")

Doc = dict[str, Any]

VOIDABLE = ("CustInvc", "CustCred", "CustPymt")
_TOTALS = ("subtotal", "taxTotal", "total", "payment", "amountPaid", "amountRemaining", "applied", "unapplied",
           "baseTotal", "baseRemaining", "baseUnapplied")  # fmt: skip


class Voids:
    """Takes documents back without deleting them."""

    def __init__(self, state: State, posting: Posting, settling: Settling, revenue: Revenue) -> None:
        self.state, self.posting, self.settling, self.revenue = state, posting, settling, revenue

    def void(self, doc: Doc, role: Role, at: float) -> str:
        """Void a document; the id of the reversing journal, '' without one. Refused leaves nothing behind."""
        if doc["type"] not in VOIDABLE or doc.get("voided"):
            raise Refused(user_error("This transaction can not be voided."))
        if (doc["type"] == "CustInvc" and amount(doc["amountPaid"])) or amount(doc.get("refunded")):
            raise Refused(user_error("This transaction can not be voided: other transactions are applied to it."))
        if self.state.preferences["voidByReversingJournal"]:
            return self._reverse(doc, role, at)
        self._zero(doc, role, at)
        return ""

    def _zero(self, before: Doc, role: Role, at: float) -> None:
        self.revenue.drop(self.revenue.of(before))
        if before["type"] != "CustInvc":
            self.settling.release(before, at)
        doc = before | {name: "0" for name in _TOTALS if name in before}
        for name, parts in (("item", ("quantity", "rate", "amount")), ("taxDetails", ("taxBasis", "taxAmount"))):
            if doc.get(name):
                doc[name] = [line | {part: "0" for part in parts if part in line} for line in doc[name]]
        doc |= {"voided": True, "status": "V", "memo": "VOID", "lastModifiedDate": stamp(at)}
        if "apply" in doc:
            doc["apply"] = []
        writing = Writing(BY_CODE[doc["type"]], before, frozenset(), role, at)
        self.posting.post(doc, (), writing)
        self.state.projection.link(doc)
        if doc["type"] == "CustInvc":
            bill_order(self.state, doc.get("createdFrom"), at)

    def _reverse(self, before: Doc, role: Role, at: float) -> str:
        """The payment stays in its period; a journal of today takes its ledger lines back, its invoices are open."""
        if before["type"] != "CustPymt":
            raise Refused(user_error("This transaction has no void: enter a credit memo or delete it."))
        rows = self.state.store.db.execute(
            "SELECT account, debit_e4 - credit_e4, foreign_e4, entity FROM row_gl WHERE tx = ? ORDER BY line",
            (int(before["id"]),),
        ).fetchall()
        self.settling.release(before, at)
        self.state.save("transaction", before | {
            "voided": True, "status": "V", "apply": [], "applied": before["total"], "unapplied": "0",
            "amountPaid": before["total"], "amountRemaining": "0", "baseUnapplied": "0", "lastModifiedDate": stamp(at),
        })  # fmt: skip
        self.state.projection.link(before | {"apply": []})
        entries = [
            Entry(str(account), -Decimal(value) / 10_000, -Decimal(foreign) / 10_000, number, "VOID", str(entity or ""))
            for number, (account, value, foreign, entity) in enumerate(rows, 1)
        ]  # fmt: skip
        lines = [
            {"line": one.line, "account": one.account, "debit" if one.value > 0 else "credit": f"{abs(one.foreign):f}",
             "entity": one.entity, "memo": one.memo}
            for one in entries
        ]  # fmt: skip
        journal: Doc = {
            "id": self.state.new_id("transaction"), "subsidiary": before["subsidiary"], "currency": before["currency"],
            "exchangeRate": before["exchangeRate"], "tranDate": today(at, self.state.preferences["timezone"]),
            "memo": f"Void of {before['tranId']}", "line": lines, "approved": True, "posting": True, "status": "B",
            "total": before["total"], "baseTotal": before["baseTotal"], "isVoid": True,
        }  # fmt: skip
        writing = Writing(JOURNAL_ENTRY, None, frozenset(journal), role, at)
        self.posting.header(journal, writing)
        self.posting.post(journal, entries, writing)
        return str(journal["id"])
