"""I4 field by field, I5 the tie-out, I9 replay without effect, I28 ledgers that balance."""

from collections import defaultdict
from dataclasses import replace

from harness.canon import Canon, Document
from harness.checkers import changes
from harness.checkers.case import Case
from harness.discounts import given_up_untaxed
from harness.money import text
from harness.tieout import Identity, tie_out

_POSTED_FIELDS: tuple[str, ...] = ("currency", "net", "tax", "gross", "date", "due", "entity", "account")
SHOWN = 12  # breaks that one sentence names
_COPIED_FIELDS: tuple[str, ...] = ("currency", "net", "tax", "gross", "open", "date", "due", "account")


def fields_agree(case: Case) -> tuple[int, list[str]]:
    """I4: every copy of a bill, contract and payment says what the original says."""
    canon, findings, checked = case.canon, [], 0
    bills = {(bill.kind, bill.key): bill for bill in canon.bills()}
    for copy in (*canon.postings(), *canon.of("salesforce")):
        bill = bills.get((copy.kind, copy.key))
        if bill is None:
            continue
        checked += 1
        fields = _POSTED_FIELDS if copy.system != "salesforce" else _COPIED_FIELDS
        if copy.system == "salesforce":
            bill = replace(bill, account=canon.survivor(bill.account))
        else:
            bill = replace(bill, account=bill.posted_to)
        if copy.kind == "credit":
            fields = tuple(name for name in fields if name != "due")  # a credit falls due on no day
        if given_up_untaxed(bill, copy):
            fields = tuple(name for name in fields if name not in ("net", "tax"))
        if case.excuses.item((bill.key, f"bill:{bill.key}"), "", 0) is None:
            findings += _differences(bill, copy, fields, f"{copy.system} {copy.key}")
    findings += _contracts_agree(canon) + (shares_agree(case)[1] + credits_shown(case)[1] if case.core_known else [])
    told, untrue = changes.told_as_they_are(case)
    seen, differing = _receipts_agree(case)
    return checked + told + seen, findings + untrue + differing


def credits_shown(case: Case) -> tuple[int, list[str]]:
    """A credit note of a bill that sales is shown is shown there too."""
    canon = case.canon
    shown = {(copy.kind, copy.key) for copy in canon.of("salesforce")}
    notes = [one for one in canon.bills() if one.kind == "credit" and ("invoice", one.of) in shown]
    return len(notes), [
        f"sales is not shown credit note {note.key} of {note.of}" for note in notes
        if ("credit", note.key) not in shown and case.excuses.item((note.key, f"bill:{note.key}"), "", 0) is None
    ]  # fmt: skip


def shares_agree(case: Case) -> tuple[int, list[str]]:
    """A bill or credit note of several contracts says in sales what each of them has of it, where sales knows it."""
    canon, checked, findings = case.canon, 0, []
    known = {contract.key for contract in canon.contracts if contract.system == "salesforce"}
    copies = {copy.key for copy in canon.of("salesforce")}
    for bill in canon.bills():
        if len(bill.shares) < 2 or bill.key not in copies:
            continue
        checked += 1
        wanted = sorted((share.subscription, share.net) for share in bill.shares if share.subscription in known)
        shown = canon.shared.get(bill.key, [])
        whole = sum(net for _, net, _ in shown) == bill.net
        right = sorted((contract, net) for contract, net, _ in shown) == wanted
        right = right and (not whole or sum(tax for *_, tax in shown) == bill.tax)
        if not right and case.excuses.item((bill.key, f"bill:{bill.key}"), "", 0) is None:
            what = "bill" if bill.kind == "invoice" else "credit note"
            findings.append(f"sales is shown {sorted(shown)} of the contracts on {what} {bill.key}, they have {wanted}")
    return checked, findings


def _receipts_agree(case: Case) -> tuple[int, list[str]]:
    """A receipt is worth the same everywhere. What pays several bills is one document in a ledger, one a bill in the
    platform, and in sales one a bill as well, told apart by the bill's number behind a slash.
    """
    worth: dict[str, dict[tuple[str, str], int]] = {}
    applied: dict[str, list[str]] = {}
    for receipt in case.canon.receipts:
        key = receipt.key.partition("/")[0]
        sums = worth.setdefault(key, {})
        sums[receipt.system, receipt.currency] = sums.get((receipt.system, receipt.currency), 0) + receipt.amount
        applied.setdefault(key, []).extend(number for number, _ in receipt.applied)
    checked, findings = 0, []
    for key, sums in worth.items():
        ours = {currency: amount for (system, currency), amount in sums.items() if system == "subscriptions"}
        for (system, currency), amount in sums.items():
            if not ours or system == "subscriptions":
                continue
            checked += 1
            if ours.get(currency) != amount and case.excuses.item((key, *applied[key]), "", 0) is None:
                findings.append(f"{system} {key}: {amount} {currency}, not {ours.get(currency)}")
    return checked, findings


def _differences(bill: Document, copy: Document, fields: tuple[str, ...], what: str) -> list[str]:
    return [
        f"{what}: {name} is {getattr(copy, name)!r}, the bill says {getattr(bill, name)!r}"
        for name in fields
        if getattr(copy, name) != getattr(bill, name) and getattr(copy, name) not in ("", None)
    ]


def _contracts_agree(canon: Canon) -> list[str]:
    copies = {contract.key: contract for contract in canon.contracts if contract.system == "salesforce"}
    findings = []
    for contract in canon.contracts:
        if contract.system != "subscriptions" or not contract.deal:
            continue
        copy = copies.get(contract.key)
        if copy is None:
            findings.append(f"Salesforce has no contract for subscription {contract.key}")
            continue
        if contract.running and (copy.start, copy.end) != (contract.start, contract.end):
            term = f"{contract.start}..{contract.end}"
            findings.append(f"Salesforce contract for {contract.key} runs {copy.start}..{copy.end}, not {term}")
        if (owner := canon.survivor(contract.account)) != copy.account:
            findings.append(f"Salesforce contract for {contract.key} belongs to {copy.account}, not to {owner}")
        for name in ("quantity", "value"):
            shown, real = getattr(copy, name), getattr(contract, name)
            if None not in (shown, real) and shown != real:
                findings.append(f"Salesforce contract for {contract.key} shows {name} {shown}, not {real}")
    return findings


def tie_out_holds(case: Case) -> tuple[int, list[str]]:
    """I5: every identity of the tie-out holds to the minor unit, every item named."""
    identities = tie_out(case.canon, case.excuses)
    return len(identities), [_sentence(identity) for identity in identities if not identity.holds]


def _sentence(identity: Identity) -> str:
    more = len(identity.breaks) - SHOWN
    reasons = "; ".join(found.reason for found in identity.breaks[:SHOWN]) or "the sums differ"
    reasons += f"; and {more} more" if more > 0 else ""
    amount = text(identity.unexplained, identity.currency)
    return f"{identity.entity} {identity.currency} {identity.name}: unexplained {amount} ({reasons})"


def replay_is_silent(case: Case) -> tuple[int, list[str]]:
    """I9: taking signals again, twice, changes nothing in any book, not even a record's stamp."""
    findings = []
    for number, replay in enumerate(case.replays, start=1):
        after = vars(replay.after)
        for table, rows in vars(replay.before).items():
            if rows != after[table]:
                findings.append(f"replay {number} changed {table}: {len(rows)} rows before, {len(after[table])} after")
        if replay.touched:
            findings.append(f"replay {number} touched {', '.join(replay.touched)}")
    return len(case.replays), findings


def ledgers_balance(case: Case) -> tuple[int, list[str]]:
    """I28: debits equal credits per document, entity and currency, and in the entity's own currency as well; the
    control account equals the open items. What is booked in another month than that of its date says why.
    """
    documents: dict[tuple[str, str], int] = defaultdict(int)
    local: dict[tuple[str, str], int] = defaultdict(int)
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    control: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in case.canon.ledger:
        book = (line.system, line.entity, line.currency)
        documents[(line.system, line.document)] += line.amount
        local[(line.system, line.document)] += line.local
        totals[book] += line.amount
        if line.receivable:
            control[book] += line.amount
    findings = [f"{system} document {number} is off by {off}" for (system, number), off in documents.items() if off]
    findings += [
        f"{system} {number} is off by {off} in local currency" for (system, number), off in local.items() if off
    ]
    findings += [f"{'/'.join(book)}: the trial balance is off by {off}" for book, off in totals.items() if off]
    findings += [
        f"{one.system}: {one.key or one.id}, dated {one.date}, is booked in another month and does not say it"
        for one in case.canon.postings() if one.booked_in and one.date not in one.memo
    ]  # fmt: skip
    open_items: dict[tuple[str, str, str], int] = defaultdict(int)
    for posting in case.canon.postings():
        sign = -1 if posting.kind == "credit" else 1
        open_items[(posting.system, posting.entity, posting.currency)] += sign * posting.open
    for moved in case.canon.moved:
        sign = -1 if moved.kind == "credit" else 1
        open_items[(moved.system, moved.entity, moved.currency)] += sign * moved.open
    for cleared in case.canon.cleared:
        open_items[(cleared.system, cleared.entity, cleared.currency)] += cleared.open
    for receipt in case.canon.receipts_of("erp_cloud", "erp_legacy"):
        open_items[(receipt.system, receipt.entity, receipt.currency)] -= receipt.loose
    for book in sorted({*control, *open_items}):
        if control[book] != open_items[book]:
            findings.append(f"{'/'.join(book)}: control account {control[book]}, open items {open_items[book]}")
    if case.canon.shadow is not None:  # what stands there for comparison alone has to balance too
        findings += [f"dual run: {one}" for one in ledgers_balance(Case(case.canon.shadow))[1]]
    return len(case.canon.ledger), findings
