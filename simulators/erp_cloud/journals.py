"""Writing journal entries: balanced lines in one subsidiary."""

from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Refused, missing_values
from simulators.erp_cloud.posting import Posting, Writing, insist
from simulators.erp_cloud.rules_documents import journal_problem
from simulators.erp_cloud.rules_ledger import journal_entries
from simulators.erp_cloud.rules_money import ZERO, amount, money_text
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import approximate

approximate("A/R journal lines", "need an entity; they count in the control account and cannot be applied")

Doc = dict[str, Any]


class Journals:
    """The keeper of journal entries."""

    def __init__(self, state: State, posting: Posting) -> None:
        self.state, self.posting = state, posting

    def write(self, doc: Doc, writing: Writing) -> None:
        """Finish, check and post a new or changed journal entry."""
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

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Check that it may go."""
        self.posting.may_delete(doc, writing.role)
