"""I1 one effect per business key, I2 nothing lost, I31 no echo: counted in the systems' books."""

from collections import Counter
from collections.abc import Iterable

from harness.agreements import in_force
from harness.canon import Canon, Document
from harness.checkers import changes
from harness.checkers.case import Case
from harness.discounts import booked_with_payments, given_up_untaxed

_LEDGERS = ("erp_cloud", "erp_legacy")


def one_effect_per_key(case: Case) -> tuple[int, list[str]]:
    """I1: one document with its lines and totals per bill and ledger, one customer per account and entity."""
    canon = case.canon
    findings = [
        *_twice("customers", ((row.system, row.account, row.entity) for row in canon.customers if row.account)),
        *_same_name(canon),
        *_twice("contracts", ((row.system, row.deal) for row in canon.contracts if row.deal)),
        *_twice("documents", ((row.system, row.kind, row.key) for row in canon.documents if row.key)),
        *_twice("receipts", _receipt_keys(canon)),
        *_appended_lines(canon),
        *_given_back_beyond(canon),
        *_recorded_beyond(canon),
        *_billed_twice(canon),
    ]
    return len(canon.customers) + len(canon.documents) + len(canon.receipts), findings


def _receipt_keys(canon: Canon) -> list[tuple[str, ...]]:
    """A ledger books a receipt once; the platform once for each bill that it pays. What no bill uses may be in parts,
    as long as they come to what the ledger received.
    """
    worth: Counter[tuple[str, bool]] = Counter()
    for receipt in canon.receipts_of("subscriptions", *_LEDGERS):
        worth[receipt.key, receipt.system == "subscriptions"] += receipt.amount
    found: list[tuple[str, ...]] = []
    for receipt in canon.receipts:
        if receipt.system == "subscriptions" and receipt.applied:
            found += [(receipt.system, receipt.key, number) for number, _ in receipt.applied]
        elif receipt.key and (
            receipt.system != "subscriptions" or worth[receipt.key, True] != worth[receipt.key, False]
        ):
            found.append((receipt.system, receipt.key))
    return found


def _twice(what: str, keys: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"{count} {what} for {' / '.join(key)}" for key, count in Counter(keys).items() if count > 1]


def _same_name(canon: Canon) -> list[str]:
    """A ledger that had a customer of the very name before has it but once (case and punctuation aside)."""
    before = {
        (one.system, one.entity, _plain(one.name)): one.id for one in reversed(canon.customers) if not one.account
    }
    found = []
    for one in canon.customers:
        known = before.get((one.system, one.entity, _plain(one.name)), "") if one.account else ""
        if known and (len(known), known) < (len(one.id), one.id):  # ids count up: that one was there first
            found.append(
                f"customer {one.name} of {one.system} for {one.entity} is there twice: {known} was there before"
            )
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _appended_lines(canon: Canon) -> list[str]:
    bills = {(bill.kind, bill.key): bill for bill in canon.bills()}
    findings = []
    for posting in canon.postings():
        bill = bills.get((posting.kind, posting.key))
        whole = bill is not None and posting.lines == 1 and given_up_untaxed(bill, posting)
        if bill is not None and bill.lines != posting.lines and not whole:
            findings.append(f"{posting.system} {posting.key} has {posting.lines} lines, the bill has {bill.lines}")
    return findings


def _given_back_beyond(canon: Canon) -> list[str]:
    """Credits of a bill never exceed it, money that goes back never what was credited or received for it."""
    findings = []
    bills = {bill.key: bill for bill in canon.bills() if bill.kind == "invoice"}
    notes = {bill.key: bill for bill in canon.bills() if bill.kind == "credit"}
    credited: Counter[str] = Counter()
    for note in notes.values():
        credited[note.of] += note.gross
    for number, worth in sorted(credited.items()):
        if number in bills and worth > bills[number].gross:
            findings.append(f"platform: {worth} minor units credited of {number}, worth {bills[number].gross}")
    for system in ("subscriptions", *_LEDGERS):
        out: Counter[str] = Counter()
        for receipt in canon.receipts_of(system):
            for number, amount in receipt.applied:
                out[number] -= min(0, amount)
        for number, worth in sorted(out.items()):
            if number in notes and worth > notes[number].gross:
                findings.append(f"{system}: {worth} minor units paid out for {number}, worth {notes[number].gross}")
    return findings


def _recorded_beyond(canon: Canon) -> list[str]:
    """The platform has no more of a ledger's receipt than came in, whatever waits for a person meanwhile."""
    received: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    for receipt in canon.receipts_of("subscriptions", *_LEDGERS):
        if not receipt.key.startswith("CB:"):
            (recorded if receipt.system == "subscriptions" else received)[receipt.key] += receipt.amount
    return [
        f"{key}: {worth} minor units recorded in the platform, {received[key]} received"
        for key, worth in sorted(recorded.items()) if 0 < received[key] < worth
    ]  # fmt: skip


def _billed_twice(canon: Canon) -> list[str]:
    """More on one day for a deal that was won once than it is worth with the amendments of its contract.

    A change credits the old price and bills the new one: what was credited is taken off.
    """
    contracts = {contract.id: contract.deal for contract in canon.contracts if contract.system == "salesforce"}
    first = {deal.id: contracts.get(deal.contract, "") for deal in canon.deals if deal.kind == "amendment"}
    worth: dict[str, int] = {}
    for deal in canon.deals:
        about = first.get(deal.id, deal.id)
        most = deal.recurring + deal.once if deal.kind == "amendment" else deal.net  # of an amendment: a whole term
        worth[about] = worth.get(about, 0) + most
    by_deal: dict[str, list[Document]] = {}
    owners = {bill.key: bill.deal for bill in canon.bills()}
    for bill in canon.bills():
        owner = bill.deal or owners.get(bill.of, "")  # a note that a person issued names its bill alone
        about = first.get(owner, owner)
        if bill.kind == "invoice":
            by_deal.setdefault(about, []).append(bill)
        else:
            worth[about] = worth.get(about, 0) + bill.net
    findings = []
    for deal in canon.deals:
        bills = by_deal.get(deal.id, [])
        too_much = sum(bill.net for bill in bills) > worth.get(deal.id, 0)
        if len(bills) > 1 and too_much and len({bill.date for bill in bills}) == 1:
            findings.append(f"deal {deal.name} was billed {len(bills)} times on {bills[0].date}")
    return findings


def nothing_lost(case: Case) -> tuple[int, list[str]]:
    """I2: what was accepted ends applied, or in a queue with a reason."""
    canon, excuses = case.canon, case.excuses
    findings = []
    contracted = {contract.deal for contract in canon.contracts if contract.system == "subscriptions"}
    contracted |= set(in_force(canon))
    concerned = {contract.id: contract.key for contract in canon.contracts if contract.system == "salesforce"}
    billed = {bill.deal for bill in canon.of("subscriptions") if bill.deal}
    for deal in canon.deals:
        keys = (deal.id, f"opportunity:{deal.id}", concerned.get(deal.contract, ""))
        if deal.id not in contracted | billed and excuses.item(keys, "", 0) is None:
            findings.append(f"won deal {deal.name} ({deal.id}) has neither contract nor bill nor reason")
    posted = {(posting.kind, posting.key) for posting in canon.postings()}
    posted |= {("credit", note) for note in booked_with_payments(canon)}
    for bill in canon.bills():
        if (bill.kind, bill.key) not in posted and excuses.item((bill.key, f"bill:{bill.key}"), "", 0) is None:
            findings.append(f"bill {bill.key} is in no ledger and has no reason")
    ours = {receipt.key for receipt in canon.receipts_of("subscriptions")}
    theirs = {receipt.key for receipt in canon.receipts_of(*_LEDGERS)}
    for key in sorted(ours ^ theirs):
        if excuses.item((key,), "", 0) is None:
            findings.append(f"receipt {key} is in {'the platform' if key in ours else 'a ledger'} alone")
    lost, unheard = changes.lost_renewals_end(case)
    return len(canon.deals) + len(canon.bills()) + len(ours | theirs) + lost, findings + unheard


def no_echo(case: Case) -> tuple[int, list[str]]:
    """I31: a payment that the core carried over, or a contract that it changed, never comes back as news."""
    findings = []
    platform = {receipt.id: receipt for receipt in case.canon.receipts_of("subscriptions")}
    ledgers = {receipt.key: receipt for receipt in case.canon.receipts_of(*_LEDGERS)}
    for receipt in ledgers.values():
        original = platform.get(receipt.key.removeprefix("CB:"))
        if receipt.key.startswith("CB:") and original is not None and original.key != receipt.key:
            findings.append(f"{receipt.system} {receipt.id} posts {original.id}, itself a copy of {original.key}")
    for receipt in platform.values():
        if not receipt.key.startswith("CB:") and receipt.key not in ledgers:
            findings.append(f"platform {receipt.id} claims to copy {receipt.key}, which no ledger received")
    findings += _paid_twice(case.canon)
    told, echoes = changes.own_changes_come_not_back(case)
    return len(platform) + len(ledgers) + told, findings + echoes


def nothing_was_paid(case: Case) -> str:
    """Why no_echo may have nothing to see: no system has a payment, and no bill anywhere was reduced by more than its
    credits. '' when a reader has missed a payment whose traces are there.
    """
    canon = case.canon
    credited = _taken(canon.of("subscriptions"), "credit")  # sales shows what a credit takes off a bill, not the credit
    if canon.receipts or any(
        _taken(canon.of(system), "invoice") not in (_taken(canon.of(system), "credit"), credited)
        for system in ("salesforce", "subscriptions", *_LEDGERS)
    ):
        return ""
    return "nothing was paid: no payment in any system, no bill reduced by one" if canon.bills() else ""


def _taken(documents: list[Document], kind: str) -> int:
    """Of bills: what is not open any more. Of credits: what was used."""
    return sum(one.gross - one.open for one in documents if one.kind == kind)


def _paid_twice(canon: Canon) -> list[str]:
    """An echo shows as a bill to which more was applied than it was worth, or as cash nobody can explain."""
    bills: dict[str, Document] = {bill.key: bill for bill in canon.bills()}
    findings = []
    for system in ("subscriptions", *_LEDGERS):
        applied: Counter[str] = Counter()
        for receipt in canon.receipts_of(system):
            for number, amount in receipt.applied:
                applied[number] += amount
        for number, amount in sorted(applied.items()):
            if number in bills and amount > bills[number].gross:
                findings.append(f"{system}: {amount} minor units applied to {number}, worth {bills[number].gross}")
    return findings
