"""The tie-out: per entity and currency, book A + named reconciling items = book B, and nothing unexplained.

The list of item kinds is closed. An item names its document; whatever it does not explain is a break.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from harness import usage_balance
from harness.agreements import agreements
from harness.canon import Canon, Document, Receipt
from harness.discounts import booked_with_payments
from harness.reconciling import Break, Excuses, Identity, Item
from harness.tieout_agreements import contract_is_billed, won_is_contracted

__all__ = ["Break", "Excuses", "Identity", "Item", "tie_out"]


def tie_out(canon: Canon, excuses: Excuses) -> list[Identity]:
    """All identities, by entity and currency, in a stable order."""
    groups = sorted(
        {(deal.entity, deal.currency) for deal in canon.deals}
        | {(document.entity, document.currency) for document in (*canon.bills(), *canon.postings())}
        | {(receipt.entity, receipt.currency) for receipt in canon.receipts_of("subscriptions")}
    )
    identities, contracts = [], agreements(canon)
    for entity, currency in groups:
        identities += [
            won_is_contracted(canon, contracts, excuses, entity, currency),
            contract_is_billed(contracts, entity, currency),
            _billed_is_posted(canon, excuses, entity, currency),
            _open_is_receivable(canon, excuses, entity, currency),
            *_moved_out_is_moved_in(canon, excuses, entity, currency),
            _receipts_agree(canon, excuses, entity, currency),
            _copies_agree(canon, excuses, entity, currency),
        ]
    if canon.usage or canon.recorded or canon.metered:
        homes = usage_balance.entities(canon)
        used = {
            homes.get(row.subscription, "") for rows in (canon.usage, canon.recorded, canon.metered) for row in rows
        }
        identities += [_used_is_rated(canon, excuses, entity) for entity in sorted(used)]
    return identities


def _used_is_rated(canon: Canon, excuses: Excuses, entity: str) -> Identity:
    """Events of the metering that count = those in rated lines + those that wait, each with its reason."""
    found = usage_balance.balance(canon, entity)
    items = [Item("waiting for window", event, 1, reason) for event, reason in found.waiting]
    breaks = [Break(key, 0, reason) for key, reason in found.wrong]
    for event, reason in found.missing:
        item = excuses.item((event,), event, 1)
        if item is not None:
            items.append(item)
        elif event in excuses.given_up:
            exception, why = excuses.given_up[event]
            items.append(Item("out of scope", event, 1, f"{exception}: given up: {why}"))
        else:
            breaks.append(Break(event, 1, reason))
    return Identity(
        "used = rated", entity, "events", "metering, events that count", found.held, "platform, events in rated lines",
        found.rated, tuple(items), tuple(breaks),
    )  # fmt: skip


def _pick(rows: Iterable[Any], entity: str, currency: str) -> list[Any]:
    return [row for row in rows if row.entity == entity and row.currency == currency]


def _signed(document: Document, amount: int) -> int:
    return -amount if document.kind == "credit" else amount


def _billed_is_posted(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    bills = _pick(canon.bills(), entity, currency)
    postings = [posting for posting in _pick(canon.postings(), entity, currency) if posting.key]
    taken = booked_with_payments(canon)
    notes = [bill for bill in bills if bill.key in taken]
    found = _compare(
        "billed = posted", entity, currency, "platform, billed gross", [bill for bill in bills if bill not in notes],
        "ledger, posted gross", postings, lambda document: document.gross, excuses,
    )  # fmt: skip
    items = [Item("discount", one.key, -one.gross, f"booked in the ledger with {taken[one.key]}") for one in notes]
    return replace(found, a=found.a - sum(one.gross for one in notes), items=(*found.items, *items))


def _open_is_receivable(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    """Open bills - unapplied credit = what the ledger has open."""
    bills = _pick(canon.bills(), entity, currency)
    carried = canon.carried()
    postings = [
        replace(posting, open=posting.open + carried.get(posting.key, 0))
        for posting in _pick(canon.postings(), entity, currency) if posting.key
    ]  # fmt: skip
    known = _on_account(bills, postings) | _cash_on_account(canon, bills, postings)
    found = _compare(
        "open bills = receivables", entity, currency, "platform, open", bills, "ledger, open", postings,
        lambda document: document.open, excuses, receipts=canon, known=known,
    )  # fmt: skip
    unused = [bill for bill in bills if bill.kind == "credit" and bill.open]
    items = [Item("unapplied", bill.key, bill.open, f"credit note for {bill.of}, not used yet") for bill in unused]
    gross = sum(bill.open for bill in bills if bill.kind != "credit")
    return replace(found, a=gross, items=(*found.items, *items))


def _moved_out_is_moved_in(canon: Canon, excuses: Excuses, entity: str, currency: str) -> list[Identity]:
    """What the old ledger has cleared against its migration account = what the new one carries against its own."""
    out, into = _pick(canon.cleared, entity, currency), _pick(canon.moved, entity, currency)
    if not (out or into):
        return []
    items: list[Item] = []
    breaks: list[Break] = []
    for key in dict.fromkeys(one.key for one in (*out, *into)):
        difference = sum(one.amount for one in out if one.key == key)
        difference -= sum(_signed(one, one.gross) for one in into if one.key == key)
        item = excuses.item((key, f"bill:{key}"), key, difference) if difference else None
        if item is not None:
            items.append(item)
        elif difference:
            breaks.append(Break(key, difference, f"{key} was cleared in one ledger and is not carried so in the other"))
    return [Identity(
        "moved out = moved in", entity, currency, "old ledger, cleared", sum(one.amount for one in out),
        "new ledger, carried", sum(_signed(one, one.gross) for one in into), tuple(items), tuple(breaks),
    )]  # fmt: skip


def _over_customers(bills: list[Document]) -> set[str]:
    """Credit notes that settle bills which a ledger has under another customer, where it cannot set them against each
    other, with these bills: the contract of a bill was moved to another customer together with it.
    """
    owners = {bill.key: bill.posted_to for bill in bills}
    found: set[str] = set()
    for bill in (one for one in bills if one.kind == "credit"):
        others = {number for number, _ in bill.applied if owners.get(number, bill.posted_to) != bill.posted_to}
        found |= {bill.key, bill.of, *others} if others else set()
    return found


def _on_account(bills: list[Document], postings: list[Document]) -> dict[str, tuple[int, str]]:
    """Credit that the platform has set against another bill than its own. The legacy ledger can name only the document
    that was credited: it sets the credit against that one as far as it is open there, also where the platform has
    settled it by another credit, and carries the rest on account. Documents differ by it, and together by nothing.
    """
    crossing = _over_customers(bills)
    held = {one.key: one.open for one in postings if one.system == "erp_legacy" or one.key in crossing}
    waiting: list[tuple[Document, int]] = []  # and by how much more it is set against its own bill there
    for bill in bills:
        if bill.kind == "credit" and bill.key in held:
            waiting.append((bill, sum(amount for _, amount in _used(bill, held)) - (held[bill.key] - bill.open)))
    beyond: dict[str, int] = {}
    for bill, elsewhere in waiting:
        beyond[bill.of] = beyond.get(bill.of, 0) + max(0, elsewhere)
    found: dict[str, tuple[int, str]] = {}
    before = -1
    while before != len(waiting):
        before, left = len(waiting), []
        for bill, elsewhere in waiting:
            # less than in the platform, where other credit has settled the bill there; more, where in the platform
            if -beyond[bill.of] <= elsewhere <= max(0, -found.get(bill.of, (0, ""))[0]):
                _explain(found, bill, elsewhere, held)
            else:
                left.append((bill, elsewhere))
        waiting = left
    return {key: one for key, one in found.items() if one[0]}


def _used(credit: Document, held: dict[str, int]) -> list[tuple[str, int]]:
    return [(number, amount) for number, amount in credit.applied if number != credit.of and number in held]


def _explain(found: dict[str, tuple[int, str]], credit: Document, elsewhere: int, held: dict[str, int]) -> None:
    used, extra = _used(credit, held), held[credit.key] - credit.open
    if not (used or elsewhere):
        return
    names = ", ".join(number for number, _ in used) or credit.of
    why = f"set against {credit.of} in the ledger, which the platform has settled otherwise"
    found[credit.key] = (extra, f"on account in the ledger, used for {names}" if extra > 0 else why)
    for number, amount in used:
        _owe(found, number, -amount, f"settled by {credit.key}, which the ledger does not set against it")
    if elsewhere:
        _owe(found, credit.of, elsewhere, f"by {credit.key} the ledger settles another part of it than the platform")


def _owe(found: dict[str, tuple[int, str]], number: str, amount: int, why: str) -> None:
    before, told = found.get(number, (0, ""))
    found[number] = (before + amount, f"{told}; {why}" if told else why)


def _cash_on_account(canon: Canon, bills: list[Document], postings: list[Document]) -> dict[str, tuple[int, str]]:
    """A payment that the platform has set against a bill while the legacy ledger, which cannot be told so by any file,
    has it on account: its bill is open there by as much.
    """
    loose = {one.key: one.loose for one in canon.receipts_of("erp_legacy") if one.loose > 0}
    told = {(one.key, number) for one in canon.receipts_of("erp_legacy") for number, _ in one.applied}
    used: dict[str, dict[str, int]] = {}
    for receipt in canon.receipts_of("subscriptions"):
        for number, amount in receipt.applied:
            if receipt.key in loose and amount > 0 and (receipt.key, number) not in told:
                used.setdefault(number, {})[receipt.key] = amount
    found: dict[str, tuple[int, str]] = {}
    held = {posting.key: posting.open for posting in postings if posting.system == "erp_legacy"}
    for bill in bills:
        parts = used.get(bill.key, {})
        worth = sum(parts.values())
        if parts and bill.key in held and held[bill.key] - bill.open == worth:
            found[bill.key] = (-worth, f"paid by {', '.join(sorted(parts))}, which the ledger carries on account")
    return found


def _copies_agree(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    bills = _pick(canon.bills(), entity, currency)
    copies = [copy for copy in canon.of("salesforce") if copy.currency == currency]
    void = {(one.kind, one.key) for one in canon.of("subscriptions") if one.status == "voided"}
    copies = [copy for copy in copies if copy.open or (copy.kind, copy.key) not in void]
    numbers = {bill.key for bill in bills}
    return _compare(
        "Salesforce shows what is open", entity, currency, "platform, open", bills, "Salesforce, open",
        [copy for copy in copies if copy.key in numbers or copy.entity == entity],
        lambda document: document.open, excuses, receipts=canon,
    )  # fmt: skip


def _compare(
    name: str, entity: str, currency: str, a_name: str, a_rows: list[Document], b_name: str, b_rows: list[Document],
    amount: Callable[[Document], int], excuses: Excuses, receipts: Canon | None = None,
    known: dict[str, tuple[int, str]] | None = None,
) -> Identity:  # fmt: skip
    receipt_keys = _receipt_keys(receipts)
    b_by_key: dict[str, list[Document]] = {}
    for row in b_rows:
        b_by_key.setdefault(row.key, []).append(row)
    items: list[Item] = []
    breaks: list[Break] = []
    for bill in a_rows:
        twins = b_by_key.pop(bill.key, [])
        difference = _signed(bill, amount(bill)) - sum(_signed(twin, amount(twin)) for twin in twins)
        if len(twins) > 1:
            breaks.append(Break(bill.key, difference, f"{len(twins)} documents for one bill"))
        elif difference and (known or {}).get(bill.key, (0, ""))[0] == difference:
            items.append(Item("unapplied", bill.key, difference, (known or {})[bill.key][1]))
        elif difference:
            keys = [bill.key, f"bill:{bill.key}", *receipt_keys.get(bill.key, ())]
            item = excuses.item(keys, bill.key, difference)
            reason = "not there" if not twins else "differs"
            if item is not None:
                items.append(item)
            else:
                breaks.append(Break(bill.key, difference, f"{bill.key} {reason} in {b_name}{excuses.late(keys)}"))
    for key, strangers in b_by_key.items():
        total = sum(_signed(stranger, amount(stranger)) for stranger in strangers)
        item = excuses.item([key, f"bill:{key}"], key, -total)  # one that the platform has voided since
        if item is not None:
            items.append(item)
        else:
            breaks.append(Break(key, -total, f"{key} is in {b_name} and not in {a_name}"))
    return Identity(
        name, entity, currency, a_name, sum(_signed(row, amount(row)) for row in a_rows),
        b_name, sum(_signed(row, amount(row)) for row in b_rows), tuple(items), tuple(breaks),
    )  # fmt: skip


def _receipt_keys(canon: Canon | None) -> dict[str, list[str]]:
    """Keys of the receipts applied to a bill, and of credits that no ledger has: the work on them explains a difference
    in what is open.
    """
    found: dict[str, list[str]] = {}
    posted = {posting.key for posting in canon.postings()} if canon is not None else set()
    for receipt in canon.receipts if canon is not None else ():
        for number in dict.fromkeys(number for number, _ in receipt.applied):
            found.setdefault(number, []).append(receipt.key)
    for credit in (one for one in canon.bills() if one.key not in posted) if canon is not None else ():
        for number in dict.fromkeys(number for number, _ in credit.applied):
            found.setdefault(number, []).append(credit.key)
    return found


def _by_key(receipts: Iterable[Receipt]) -> dict[str, list[Receipt]]:
    found: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        found.setdefault(receipt.key, []).append(receipt)
    return found


def _on_the_ledgers_account(key: str, theirs: dict[str, list[Receipt]], difference: int) -> Item | None:
    """Cash that the ledger received and holds on account: the platform need not know of it."""
    loose = sum(row.loose for row in theirs.get(key, ()))
    if key.startswith("CB:") or not loose or difference != -loose:
        return None
    return Item("unapplied", key, difference, "on account in the ledger, set against no bill yet")


def _receipts_agree(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    platform: list[Receipt] = _pick(canon.receipts_of("subscriptions"), entity, currency)
    ledger: list[Receipt] = _pick(canon.receipts_of("erp_cloud", "erp_legacy"), entity, currency)
    ours, theirs = _by_key(platform), _by_key(ledger)
    items: list[Item] = []
    breaks: list[Break] = []
    for key in sorted({*ours, *theirs}):
        difference = sum(row.amount for row in ours.get(key, ())) - sum(row.amount for row in theirs.get(key, ()))
        if not difference:
            continue
        applied = [number for row in (*ours.get(key, ()), *theirs.get(key, ())) for number, _ in row.applied]
        item = excuses.item([key, *applied], key, difference) or _on_the_ledgers_account(key, theirs, difference)
        if item is not None:
            items.append(item)
        else:
            where = (
                "the ledger" if key not in theirs else "the platform" if key not in ours else "both, with another sum"
            )
            late = excuses.late([key, *applied])
            breaks.append(Break(key, difference, f"receipt {key} is missing in {where}{late}"))
    return Identity(
        "receipts agree", entity, currency, "platform, received", sum(row.amount for row in platform),
        "ledger, received", sum(row.amount for row in ledger), tuple(items), tuple(breaks),
    )  # fmt: skip
