"""The tie-out: per entity and currency, book A + named reconciling items = book B, and nothing unexplained.

The list of item kinds is closed. An item names its document; whatever it does not explain is a break.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness import usage_balance
from harness.canon import Canon, Document, Receipt

ItemKind = Literal[
    "in transit", "parked", "waiting for window", "provisional", "unapplied", "in the other ledger", "out of scope"
]


@dataclass(frozen=True)
class Item:
    """One reconciling item: `amount` (minor units) is what book B lacks of book A because of `document`."""

    kind: ItemKind
    document: str
    amount: int
    reason: str


@dataclass(frozen=True)
class Break:
    """A difference that nothing explains."""

    document: str
    amount: int
    reason: str


@dataclass(frozen=True)
class Identity:
    """One line of the tie-out. `a` - items = `b`, else `unexplained` is not zero. Minor units."""

    name: str
    entity: str
    currency: str
    a_name: str
    a: int
    b_name: str
    b: int
    items: tuple[Item, ...] = ()
    breaks: tuple[Break, ...] = ()

    @property
    def unexplained(self) -> int:
        """What remains of A - items - B."""
        return self.a - sum(item.amount for item in self.items) - self.b

    @property
    def holds(self) -> bool:
        """Nothing unexplained, in sum or in detail (two breaks that cancel are still two breaks)."""
        return self.unexplained == 0 and not self.breaks


@dataclass
class Excuses:
    """What the core says about documents that have not arrived, by business key: the only source of reasons."""

    parked: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> (exception id, reason)
    waiting: set[str] = field(default_factory=set)  # keys spooled for a batch window or sent and not yet answered
    in_transit: set[str] = field(default_factory=set)  # keys of open work that is neither
    overdue: Mapping[str, str] = field(default_factory=dict)  # keys that have waited beyond their channel's bound

    @classmethod
    def of_core(
        cls, exceptions: Iterable[Mapping[str, Any]], work: Iterable[Mapping[str, Any]],
        overdue: Mapping[str, str] | None = None,
    ) -> "Excuses":  # fmt: skip
        """From the answers of the experience API (GET /exceptions, GET /work); `overdue` as `aging` finds it."""
        excuses, work = cls(overdue=overdue or {}), list(work)
        held = {item["key"] for item in work if _waits_for(item, AWAY)}  # customers with work for a system that is away
        for exception in exceptions:
            if exception["state"] == "open":
                excuses.parked[exception["subject"]] = (exception["id"], exception["reason"])
        for item in work:
            if item["subject"] in excuses.parked or item["subject"] in excuses.overdue:
                continue
            if _waits_for(item, "window:", "file:"):
                excuses.waiting.add(item["subject"])
            elif item["state"] in ("due", "submitted") or item["key"] in held:
                excuses.in_transit.add(item["subject"])
        return excuses

    def item(self, keys: Iterable[str], document: str, amount: int) -> Item | None:
        """The reconciling item that one of the keys justifies, or None: then it is a break."""
        for key in keys:
            if key in self.parked:
                exception, reason = self.parked[key]
                return Item("parked", document, amount, f"{exception}: {reason}")
            if key in self.waiting:
                return Item("waiting for window", document, amount, "in a batch file that the window has not answered")
            if key in self.in_transit:
                return Item("in transit", document, amount, "the core is at work on it")
        return None

    def late(self, keys: Iterable[str]) -> str:
        """What a break may add: that one of the keys has waited too long; '' otherwise."""
        return next((f": {self.overdue[key]}" for key in keys if key in self.overdue), "")


AWAY = "system:"  # what work waits on while a system is not there


def _waits_for(item: Mapping[str, Any], *topics: str) -> bool:
    return any(str(topic).startswith(topics) for topic in item.get("waiting_on") or ())


def tie_out(canon: Canon, excuses: Excuses) -> list[Identity]:
    """All identities, by entity and currency, in a stable order."""
    groups = sorted(
        {(deal.entity, deal.currency) for deal in canon.deals}
        | {(document.entity, document.currency) for document in (*canon.bills(), *canon.postings())}
        | {(receipt.entity, receipt.currency) for receipt in canon.receipts_of("subscriptions")}
    )
    identities = []
    for entity, currency in groups:
        identities += [
            _won_is_billed(canon, excuses, entity, currency),
            _billed_is_posted(canon, excuses, entity, currency),
            _open_is_receivable(canon, excuses, entity, currency),
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


def _won_is_billed(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    """Won value (net) = billed for those deals + still to be billed + parked."""
    deals = _pick(canon.deals, entity, currency)
    contracts = {
        contract.deal: contract for contract in canon.contracts if contract.system == "subscriptions" and contract.deal
    }
    billed: dict[str, int] = {}
    for bill in _pick(canon.bills(), entity, currency):
        if bill.kind == "invoice" and bill.deal:
            billed[bill.deal] = billed.get(bill.deal, 0) + bill.net
    items, breaks = [], []
    for deal in deals:
        missing = deal.net - billed.get(deal.id, 0)
        if missing == 0:
            continue
        contract = contracts.get(deal.id)
        if contract is not None and contract.status == "future" and contract.value == deal.net:
            items.append(Item("waiting for window", deal.id, missing, f"contracted, billed from {contract.start} on"))
            continue
        item = excuses.item((deal.id, f"opportunity:{deal.id}"), deal.id, missing)
        if item is not None:
            items.append(item)
        else:
            breaks.append(Break(deal.id, missing, f"deal {deal.name} was won and not billed in full"))
    known = {deal.id for deal in deals}
    for deal_id, amount in billed.items():
        if deal_id not in known:
            breaks.append(Break(deal_id, -amount, "billed for a deal that is not won"))
    return Identity(
        "won = billed", entity, currency, "Salesforce, won net", sum(deal.net for deal in deals),
        "platform, billed net", sum(billed.values()), tuple(items), tuple(breaks),
    )  # fmt: skip


def _billed_is_posted(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    bills = _pick(canon.bills(), entity, currency)
    postings = [posting for posting in _pick(canon.postings(), entity, currency) if posting.key]
    return _compare(
        "billed = posted", entity, currency, "platform, billed gross", bills, "ledger, posted gross", postings,
        lambda document: document.gross, excuses,
    )  # fmt: skip


def _open_is_receivable(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    bills = _pick(canon.bills(), entity, currency)
    postings = [posting for posting in _pick(canon.postings(), entity, currency) if posting.key]
    return _compare(
        "open bills = receivables", entity, currency, "platform, open", bills, "ledger, open", postings,
        lambda document: document.open, excuses, receipts=canon,
    )  # fmt: skip


def _copies_agree(canon: Canon, excuses: Excuses, entity: str, currency: str) -> Identity:
    bills = [bill for bill in _pick(canon.bills(), entity, currency) if bill.kind == "invoice"]
    copies = [copy for copy in canon.of("salesforce") if copy.currency == currency]
    numbers = {bill.key for bill in bills}
    return _compare(
        "Salesforce shows what is open", entity, currency, "platform, open", bills, "Salesforce, open",
        [copy for copy in copies if copy.key in numbers or copy.entity == entity],
        lambda document: document.open, excuses, receipts=canon,
    )  # fmt: skip


def _compare(
    name: str, entity: str, currency: str, a_name: str, a_rows: list[Document], b_name: str, b_rows: list[Document],
    amount: Callable[[Document], int], excuses: Excuses, receipts: Canon | None = None,
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
        breaks.append(Break(key, -total, f"{key} is in {b_name} and not in {a_name}"))
    return Identity(
        name, entity, currency, a_name, sum(_signed(row, amount(row)) for row in a_rows),
        b_name, sum(_signed(row, amount(row)) for row in b_rows), tuple(items), tuple(breaks),
    )  # fmt: skip


def _receipt_keys(canon: Canon | None) -> dict[str, list[str]]:
    """Keys of the receipts applied to a bill anywhere: the work on them explains a difference in what is open."""
    found: dict[str, list[str]] = {}
    for receipt in canon.receipts if canon is not None else ():
        for number in dict.fromkeys(number for number, _ in receipt.applied):
            found.setdefault(number, []).append(receipt.key)
    return found


def _by_key(receipts: Iterable[Receipt]) -> dict[str, list[Receipt]]:
    found: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        found.setdefault(receipt.key, []).append(receipt)
    return found


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
        item = excuses.item([key, *applied], key, difference)
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
