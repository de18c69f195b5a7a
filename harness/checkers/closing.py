"""Closed months: what a person has closed or locked in the cloud ledger holds nothing that was entered afterwards."""

from harness.checkers.case import Case

STAMP_S = 1.0  # the ledger's stamps are whole seconds, cut off: what was entered just after a month was opened


def nothing_in_closed_months(case: Case) -> tuple[int, list[str]]:
    """I29: each invoice and credit memo that was entered while a month was closed stands in another one.

    The months by their own dates, which may differ from the document's: a policy may post into a later one.
    """
    findings: list[str] = []
    entered = [one for one in case.canon.documents if one.system == "erp_cloud" and one.at]
    checked = 0
    for closing in case.closings:
        for document in entered:
            if not closing.begin < document.at < closing.end - STAMP_S:
                continue
            checked += 1
            month = (document.booked_in or document.date)[:7]
            if month == closing.month or (closing.earlier and month < closing.month):
                whose = document.key or "no bill"
                findings.append(f"{document.kind} {document.id} of {whose} was posted into {month}, which was closed")
    return checked, findings
