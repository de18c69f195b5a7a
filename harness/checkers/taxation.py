"""I30: the tax of each bill and posting is what the law of its entity says of the customer's place and registration.

And the ledgers' tax returns say so: what they declare by tax point is what was billed, once, and nothing of a bill that
was voided; the judges of postings never see what stands behind one that was taken back.
"""

from decimal import ROUND_HALF_UP, Decimal

from harness.canon import Document
from harness.checkers.case import Case
from harness.discounts import given_up_untaxed
from harness.tax_law import Treatment
from harness.taxes import differences


def tax_fits(case: Case) -> tuple[int, list[str]]:
    """Each document by the law (these count), and the tax report over both ledgers against the bills."""
    checked, findings = _by_law(case)
    wrong, _ = differences(case.canon.declared, case.canon)  # what no ledger has posted yet, I5 has
    for number, said in wrong.items():
        if case.excuses.item([number, f"bill:{number}", f"credit:{number}"], number, 0) is None:
            findings.append(f"tax report, {number}: {said}")
    return checked, findings


def _by_law(case: Case) -> tuple[int, list[str]]:
    """Rate, to a minor unit a line, in the platform's bills and the ledgers' postings; and the ledgers' tax codes."""
    bills = {(bill.kind, bill.key): bill for bill in case.canon.bills()}
    checked, findings = 0, []
    for document in (*case.canon.bills(), *case.canon.postings()):
        bill = bills.get((document.kind, document.key))
        treated = None if bill is None else _treatment(case, bill, bills.get(("invoice", bill.of), bill))
        if treated is None or (bill is not None and given_up_untaxed(bill, document)):
            continue
        checked += 1
        expected = int((document.net * treated.rate / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        if abs(document.tax - expected) > max(1, document.lines):
            findings.append(
                f"{document.system} {document.key}: tax {document.tax} on {document.net} {document.currency}, "
                f"{treated.name} ({treated.rate} %) is {expected}"
            )
        strange = [code for code in document.codes if treated.codes and code not in treated.codes]
        if strange:
            findings.append(
                f"{document.system} {document.key}: declared as {', '.join(strange)}, "
                f"{treated.name} is {' or '.join(treated.codes)}"
            )
    return checked, findings


def _treatment(case: Case, bill: Document, taxed: Document) -> Treatment | None:
    """By what sales knows of the customer; by what the bill itself says for a customer that was corrected meanwhile.

    `taxed`: the document whose day is the tax point: what a credit note gives back is taxed as it was billed.
    """
    account = case.canon.accounts.get(bill.account)
    place = bill.place if account is None or bill.account in case.moved else account.place
    return None if place is None or len(place.country) != 2 else case.law.treatment(bill.entity, place, taxed.date)


def no_law(case: Case) -> str:
    """Why nothing may have been judged: the world says nothing of tax for any entity that billed. '' otherwise."""
    billing = {bill.entity for bill in case.canon.bills()}
    return "" if billing & set(case.law.treatments) else "the world knows no law of tax for what was billed"
