"""What I4 asks of copies beside amounts: purchase order, status, dates, what a bill was posted as."""

import re
from datetime import date

from harness.canon import Canon, Document, Receipt
from harness.checkers import agreement
from harness.checkers.case import Case

STATUS = {
    "pending": "Pending", "posted": "Open", "payment_due": "Due", "not_paid": "Not Paid", "paid": "Paid",
    "voided": "Voided",
}  # fmt: skip
NAME_LENGTH = 35  # of the legacy ledger's field
ZONES_APART = 1  # days by which one instant is dated differently in two books


def copies_agree(case: Case) -> tuple[int, list[str]]:
    """I4: every copy says what its original says; of a core that cannot be asked, amounts and days of bills alone."""
    checked, findings = agreement.fields_agree(case)
    more, differing = _beside_amounts(case) if case.core_known else (0, [])
    return checked + more, findings + differing


def _beside_amounts(case: Case) -> tuple[int, list[str]]:
    canon, findings, checked = case.canon, [], 0
    bills = {(bill.kind, bill.key): bill for bill in canon.bills()}
    posted = _posted(canon)
    contracts = {one.key: one.deal for one in canon.contracts if one.system == "salesforce"}
    for copy in (*canon.of("erp_cloud"), *canon.of("salesforce")):
        bill = bills.get((copy.kind, copy.key))
        if bill is None or case.excuses.item((bill.key, f"bill:{bill.key}"), "", 0) is not None:
            continue
        checked += 1
        findings += _sales(bill, copy, posted, contracts) if copy.system == "salesforce" else _ledger(bill, copy)
    for more in (_dates, _contracts, _names):
        seen, wrong = more(case)
        checked, findings = checked + seen, findings + wrong
    return checked, findings


def _posted(canon: Canon) -> dict[tuple[str, str], set[str]]:
    """Every document of a ledger that stands for a bill or note, its moved open item too."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in (*canon.postings(), *canon.moved):
        found.setdefault((one.kind, one.key), set()).add(_place(one.id))
    return found


def _place(document: str) -> str:
    """A legacy document is company code, number and year, in whatever order and with whatever between them."""
    return "/".join(sorted(re.split("[-/]", document)))


def _ledger(bill: Document, copy: Document) -> list[str]:
    """The customer's purchase order stands on the posting, and each product under its own item, which decides the
    account of its revenue.
    """
    findings = []
    if copy.kind == "invoice" and copy.po != bill.po:
        findings.append(f"{copy.system} {copy.key}: purchase order {copy.po!r}, the bill says {bill.po!r}")
    if bill.items and copy.items != bill.items and copy.net == bill.net:  # other sums are told as such
        findings.append(f"{copy.system} {copy.key}: sold {dict(copy.items)}, the bill {dict(bill.items)}")
    elif bill.units and copy.units != bill.units and copy.net == bill.net:
        findings.append(f"{copy.system} {copy.key}: so many {dict(copy.units)}, the bill {dict(bill.units)}")
    return findings


def _sales(
    bill: Document, copy: Document, posted: dict[tuple[str, str], set[str]], contracts: dict[str, str]
) -> list[str]:
    """A bill is found where people look for it: under its contract if sales has that, and under the deal which it
    bills or from which the contract came.
    """
    findings = []
    if bill.kind == "invoice" and bill.deal and copy.deal not in (bill.deal, contracts.get(bill.subscription)):
        findings.append(f"salesforce {copy.key}: shown under deal {copy.deal!r}, it bills {bill.deal!r}")
    if copy.subscription != bill.subscription and bill.subscription in contracts:
        findings.append(
            f"salesforce {copy.key}: under the contract of {copy.subscription!r}, not {bill.subscription!r}"
        )
    wanted = STATUS.get(bill.status, bill.status) if bill.kind == "invoice" else bill.status
    if copy.status != wanted:
        findings.append(f"salesforce {copy.key}: status {copy.status!r}, the bill is {bill.status!r}")
    if bill.due and not copy.due and bill.kind == "invoice":
        findings.append(f"salesforce {copy.key}: no due date, the bill is due {bill.due}")
    there = posted.get((bill.kind, bill.key), set())
    if there and _place(copy.posted_as) not in there:
        findings.append(f"salesforce {copy.key}: posted as {copy.posted_as!r}, the ledger has {sorted(there)}")
    return findings


def _dates(case: Case) -> tuple[int, list[str]]:
    """The day of a payment is the one of its birth everywhere, whatever zone dates it. The legacy ledger dates what is
    taken back as what it takes back, as long as that month is open.
    """
    born: dict[str, Receipt] = {one.key: one for one in case.canon.receipts if one.system == "subscriptions"}
    checked, findings = 0, []
    for copy in case.canon.receipts:
        original = born.get(copy.key.partition("/")[0])
        if original is None or copy.system == "subscriptions" or not original.date:
            continue
        if copy.system == "erp_legacy" and copy.amount < 0:
            continue
        checked += 1
        apart = ZONES_APART + 1
        if copy.date:
            apart = abs((date.fromisoformat(copy.date) - date.fromisoformat(original.date)).days)
        if apart > ZONES_APART and case.excuses.item((original.key, *dict(copy.applied)), "", 0) is None:
            findings.append(f"{copy.system} {copy.key}: dated {copy.date or 'on no day'}, it is of {original.date}")
    return checked, findings


def _contracts(case: Case) -> tuple[int, list[str]]:
    """A contract in force is worth something in sales, and has a status."""
    running = {one.key for one in case.canon.contracts if one.system == "subscriptions" and one.running and one.deal}
    copies = [one for one in case.canon.contracts if one.system == "salesforce" and one.key in running]
    blank = [one for one in copies if one.value is None or not one.status]
    return len(copies), [f"the contract of {one.key} in sales shows value {one.value}, status {one.status!r}"
                         for one in blank]  # fmt: skip


def _names(case: Case) -> tuple[int, list[str]]:
    """A customer has the legal name that sales knows, as far as a ledger has room for it and its letters."""
    canon, checked, findings = case.canon, 0, []
    for customer in canon.customers:
        account = canon.accounts.get(canon.survivor(customer.account)) if customer.account else None
        if account is None or not account.name.isascii() or canon.survivor(customer.account) != customer.account:
            continue
        checked += 1
        here, there = (name.strip().casefold()[:NAME_LENGTH] for name in (customer.name, account.name))
        if here != there and case.excuses.item((customer.account, f"account:{customer.account}"), "", 0) is None:
            findings.append(f"{customer.system} {customer.id} is named {customer.name!r}, in sales {account.name!r}")
    return checked, findings
