"""Writing journal entries: balanced lines in one subsidiary."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Refused, invalid_value, missing_values, user_error
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.posting import Posting, Writing, insist
from simulators.erp_cloud.revenue import Revenue
from simulators.erp_cloud.rules_documents import journal_problem
from simulators.erp_cloud.rules_ledger import journal_entries
from simulators.erp_cloud.rules_money import ZERO, amount, money_text
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import approximate, exact

exact(
    "`reversalDate`: the reversing journal is posted with its journal, on that date, and goes with it",
    source="documented",
    held_by="test_journals",
)
approximate("reversing journals", "are made anew when their journal changes; `reversalDefer` is absent")
approximate("A/R journal lines", "need an entity; they count in the control account and cannot be applied")

Doc = dict[str, Any]


class Journals:
    """The keeper of journal entries."""

    def __init__(self, state: State, posting: Posting, revenue: Revenue) -> None:
        self.state, self.posting, self.revenue = state, posting, revenue

    def write(self, doc: Doc, writing: Writing) -> None:
        """Finish, check and post a new or changed journal entry, with the one that reverses it."""
        if doc.get("isRevRecTransaction") and writing.given - {"memo"}:
            raise Refused(user_error("A revenue recognition journal entry can not be changed."))
        if doc.get("reversalEntry") and writing.before is not None:
            self._drop_reversal(doc, writing)
        self._post(doc, writing)
        if doc.get("reversalDate") and doc["posting"]:
            self._reverse(doc, writing)

    def _post(self, doc: Doc, writing: Writing) -> None:
        if not doc.get("subsidiary"):
            raise Refused(missing_values("Subsidiary", path="subsidiary"))
        base = self.state.need("subsidiary", doc["subsidiary"])["currency"]
        doc["currency"] = doc.get("currency") or base
        digits, base_digits = self.state.digits(doc["currency"]), self.state.digits(base)
        self.posting.header(doc, writing)
        lines = doc.get("line") or []
        insist(journal_problem(lines, digits))
        for index, line in enumerate(lines):
            account = self.state.need("account", line["account"])
            if account.get("acctType") == "AcctRec" and not line.get("entity"):
                raise Refused(missing_values("Name", path=f"line.items[{index}].entity"))
        doc["approved"] = doc.get("approved", True)
        doc["posting"] = doc["approved"]
        doc["status"] = "B" if doc["approved"] else "A"
        doc["total"] = money_text(sum((amount(line.get("debit")) for line in lines), ZERO), digits)
        entries = journal_entries(doc, base_digits)
        doc["baseTotal"] = money_text(sum((one.value for one in entries if one.value > Decimal(0)), ZERO), base_digits)
        self.posting.post(doc, entries, writing)

    def _reverse(self, doc: Doc, writing: Writing) -> None:
        """The same lines on the other side, on `reversalDate`; both documents name each other."""
        if doc["reversalDate"] <= doc["tranDate"]:
            raise Refused(invalid_value("reversalDate"))
        sides = {"debit": "credit", "credit": "debit"}
        copy: Doc = {
            "id": self.state.new_id("transaction"), "subsidiary": doc["subsidiary"], "currency": doc["currency"],
            "exchangeRate": doc["exchangeRate"], "tranDate": doc["reversalDate"], "memo": doc.get("memo"),
            "line": [{sides.get(name, name): value for name, value in line.items()} for line in doc["line"]],
            "isReversal": True, "reversalEntry": doc["id"],
        }  # fmt: skip
        self._post(copy, Writing(writing.record, None, frozenset(copy), writing.role, writing.at))
        doc["reversalEntry"] = copy["id"]
        self.state.save("transaction", doc)

    def _drop_reversal(self, doc: Doc, writing: Writing) -> None:
        if doc.get("isReversal"):
            raise Refused(user_error("A reversing journal entry changes with the journal entry that it reverses."))
        found = self.state.get("transaction", doc.pop("reversalEntry"))
        if found is not None:
            self.posting.may_delete(found, writing.role)
            self.state.remove("transaction", found, stamp(writing.at), writing.role.name)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Check that it may go; its reversal goes with it, and what it recognised is deferred again."""
        self.posting.may_delete(doc, writing.role)
        if doc.get("reversalEntry"):
            self._drop_reversal(dict(doc), writing)
        if doc.get("isRevRecTransaction"):
            self.revenue.forget_journal(doc["id"])
