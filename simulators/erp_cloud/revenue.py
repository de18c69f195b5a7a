"""Deferred revenue: a schedule behind every line that is deferred, and the journals that recognise it by month."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Refused, invalid_value, user_error
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.posting import Posting, Writing
from simulators.erp_cloud.roles import ROLES
from simulators.erp_cloud.rules_ledger import Entry
from simulators.erp_cloud.rules_money import ZERO, amount, money_text
from simulators.erp_cloud.rules_revenue import EXACT, earned, last_day, term_of
from simulators.erp_cloud.schemas import JOURNAL_ENTRY
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import absent, approximate

approximate(
    "revenue recognition",
    "a line of an item with `deferralAccount` is deferred; its term is `revRecStartDate` to `revRecEndDate`, else its "
    "template's months; straight-line by exact days or even periods; a credit memo's line without dates takes over "
    "those of its invoice's line of the same item; one summary journal a subsidiary and month, in base currency",
    source="documented, ours",
)
approximate("revRecTemplate, revRecSchedule", "few fields, whose names and values are assumed; schedules are read-only")
absent("allocation and modification accounting, arrangements, forecasts, reclassification")

Doc = dict[str, Any]


class Revenue:
    """Keeps schedules in step with documents and recognises what is due."""

    def __init__(self, state: State, posting: Posting) -> None:
        self.state, self.posting = state, posting

    # -- schedules ----------------------------------------------------------------------------

    def follow(self, doc: Doc, items: Mapping[str, Doc], entries: Iterable[Entry], before: Doc | None) -> None:
        """Bring the schedules of a written sale in line with its ledger lines; Refused when some is recognised.

        Called when the document has been posted, so that a document that does not post has none.
        """
        old = [] if before is None else self.state.store.find("revRecSchedule", sourceTran=doc["id"])
        values = {one.line: -one.value for one in entries if one.line} if doc["posting"] else {}
        fresh = [
            self._schedule(doc, line, items[line["item"]], values[line["line"]])
            for line in doc["item"] if line["line"] in values and items[line["item"]].get("deferralAccount")
        ]  # fmt: skip
        if [_terms(one) for one in old] == [_terms(one) for one in fresh]:
            return
        self.drop(old)
        for one in fresh:
            self.state.save("revRecSchedule", {"id": self.state.new_id("revRecSchedule"), **one})

    def of(self, doc: Doc) -> list[Doc]:
        """The schedules behind a document."""
        return self.state.store.find("revRecSchedule", sourceTran=doc["id"])

    def drop(self, schedules: Sequence[Doc]) -> None:
        """Remove schedules; Refused when journals have recognised something of them."""
        if any(one["recurrence"] for one in schedules):
            raise Refused(user_error(
                "This transaction can not be changed this way: revenue of it has been recognized by journal entries."
            ))  # fmt: skip
        for one in schedules:
            self.state.store.delete("revRecSchedule", one["id"])

    def _schedule(self, doc: Doc, line: Doc, item: Doc, value: Decimal) -> Doc:
        template = self.state.get("revRecTemplate", line.get("revRecSchedule") or item.get("revRecSchedule"))
        term = term_of(line, template, doc["tranDate"])
        method = (template or {}).get("recurrenceType") or EXACT
        inherited = self._inherited(doc, line) if not line.get("revRecEndDate") else None
        if inherited is not None:
            term, method = (inherited["startDate"], inherited["endDate"]), inherited["recurrenceType"]
        if term is not None and term[0] > term[1]:
            raise Refused(invalid_value("item.items.revRecEndDate"))
        subsidiary = self.state.need("subsidiary", doc["subsidiary"])
        digits = self.state.digits(subsidiary["currency"])
        return {
            "recordType": "revRecSchedule", "sourceTran": doc["id"], "line": line["line"], "item": line["item"],
            "subsidiary": doc["subsidiary"], "startDate": term[0] if term else None,
            "endDate": term[1] if term else None, "recurrenceType": method, "totalAmount": money_text(value, digits),
            "amortizedAmount": money_text(ZERO, digits), "deferralAccount": item["deferralAccount"],
            "incomeAccount": item["incomeAccount"], "open": bool(term) and bool(value), "recurrence": [],
        }  # fmt: skip

    def _inherited(self, doc: Doc, line: Doc) -> Doc | None:
        """Of a credit memo's line, the schedule of its invoice's line of the same item that has a term."""
        if doc["type"] != "CustCred" or not doc.get("createdFrom"):
            return None
        schedules = self.state.store.find("revRecSchedule", sourceTran=doc["createdFrom"])
        return next((one for one in schedules if one["item"] == line["item"] and one["startDate"]), None)

    # -- recognition --------------------------------------------------------------------------

    def recognize(self, month: str, at: float) -> list[str]:
        """Recognise what is earned by the end of `month` (`2026-01`) and was not yet; the ids of the journals.

        Refused when the month is locked or closed for journals. What earlier months left undone is caught up.
        """
        due: dict[str, list[tuple[Doc, Decimal]]] = {}
        for one in self.state.store.find("revRecSchedule", open=True):
            if one["startDate"][:7] > month:
                continue
            start, end = date.fromisoformat(one["startDate"]), date.fromisoformat(one["endDate"])
            digits = self.state.digits(self.state.need("subsidiary", one["subsidiary"])["currency"])
            total, so_far = amount(one["totalAmount"]), amount(one["amortizedAmount"])
            part = earned(total, start, end, one["recurrenceType"], month, digits) - so_far
            if part:
                due.setdefault(one["subsidiary"], []).append((one, part))
        return [self._journal(subsidiary, parts, month, at) for subsidiary, parts in sorted(due.items())]

    def forget_journal(self, journal: str) -> None:
        """A recognition journal is deleted: what it had recognised is deferred again."""
        for one in self.state.store.find("revRecSchedule"):
            kept = [row for row in one["recurrence"] if row["journal"] != journal]
            if len(kept) != len(one["recurrence"]):
                done = sum((Decimal(row["amount"]) for row in kept), ZERO)
                digits = self.state.digits(self.state.need("subsidiary", one["subsidiary"])["currency"])
                rows = [{**row, "line": number} for number, row in enumerate(kept, 1)]
                self.state.save("revRecSchedule", one | {
                    "amortizedAmount": money_text(done, digits), "recurrence": rows, "open": True,
                })  # fmt: skip

    def _journal(self, subsidiary: str, parts: Sequence[tuple[Doc, Decimal]], month: str, at: float) -> str:
        base = self.state.need("subsidiary", subsidiary)["currency"]
        digits = self.state.digits(base)
        sums: dict[tuple[str, str, bool], Decimal] = {}  # what is taken back apart, so that no sum vanishes
        for one, part in parts:
            pair = one["deferralAccount"], one["incomeAccount"], part < 0
            sums[pair] = sums.get(pair, ZERO) + part
        moves = [(account, sign * value) for (deferred, income, _), value in sorted(sums.items())
                 for account, sign in ((deferred, 1), (income, -1))]  # fmt: skip
        lines = [
            {"line": number, "account": account, "debit" if value > 0 else "credit": money_text(abs(value), digits),
             "memo": "Revenue Recognition"}
            for number, (account, value) in enumerate(moves, 1)
        ]  # fmt: skip
        doc: Doc = {
            "id": self.state.new_id("transaction"), "subsidiary": subsidiary, "currency": base, "line": lines,
            "tranDate": last_day(month).isoformat(), "memo": f"Revenue Recognition {month}", "approved": True,
            "posting": True, "status": "B", "isRevRecTransaction": True,
            "total": money_text(sum((value for _, value in moves if value > 0), ZERO), digits),
        }  # fmt: skip
        doc["baseTotal"] = doc["total"]
        writing = Writing(JOURNAL_ENTRY, None, frozenset(), ROLES["integration"], at)
        self.posting.header(doc, writing)
        entries = [Entry(account, value, value, number, "Revenue Recognition")
                   for number, (account, value) in enumerate(moves, 1)]  # fmt: skip
        self.posting.post(doc, entries, writing)
        for one, part in parts:
            done = amount(one["amortizedAmount"]) + part
            row = {
                "line": len(one["recurrence"]) + 1,
                "period": month,
                "amount": money_text(part, digits),
                "journal": doc["id"],
            }
            self.state.save("revRecSchedule", one | {
                "amortizedAmount": money_text(done, digits), "recurrence": [*one["recurrence"], row],
                "open": done != amount(one["totalAmount"]) or month < one["endDate"][:7], "lastModifiedDate": stamp(at),
            })  # fmt: skip
        return str(doc["id"])


def _terms(schedule: Doc) -> tuple[Any, ...]:
    return tuple(schedule[name] for name in (
        "line", "item", "subsidiary", "startDate", "endDate", "recurrenceType", "totalAmount", "deferralAccount",
        "incomeAccount",
    ))  # fmt: skip
