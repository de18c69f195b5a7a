"""Two cores flown through the same story and storm: what one left behind in the books that the other did not."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.canon import Canon, Document
from harness.money import text
from harness.runner import RunResult

LEDGERS = {"erp_cloud": "the cloud ERP", "erp_legacy": "the legacy ERP"}
TIMES = {2: "twice", 3: "three times", 4: "four times"}


@dataclass(frozen=True)
class Comparison:
    """The real core's run and the other's, and a sentence for everything that only the other got wrong."""

    ours: RunResult
    theirs: RunResult
    differences: list[str] = field(default_factory=list)


def compare(ours: RunResult, theirs: RunResult) -> Comparison:
    """From the books of both runs; where these name nothing, the judges' findings speak."""
    told = []
    for result in (ours, theirs):
        assert result.evidence is not None
        told.append(list(sentences(result.evidence.canon)))
    differences = [sentence for sentence in told[1] if sentence not in told[0]]
    if not differences:
        differences = [finding for finding in theirs.findings if finding not in ours.findings]
    if theirs.broken_off:
        differences.append(f"the story could not be played to its end: {theirs.broken_off}")
    return Comparison(ours, theirs, differences)


def sentences(canon: Canon) -> Iterator[str]:
    """Everything that is wrong in the books of a story in which nothing should be open for a reason."""
    yield from _deals(canon)
    yield from _postings(canon)
    yield from _receipts(canon)
    yield from _customers(canon)
    yield from _copies(canon)


def _money(amount: int, currency: str) -> str:
    return f"{text(amount, currency)} {currency}"


def _deals(canon: Canon) -> Iterator[str]:
    contracts: dict[str, int] = {}
    for contract in canon.contracts:
        if contract.system == "subscriptions":
            contracts[contract.deal] = contracts.get(contract.deal, 0) + 1
    billed = {bill.deal for bill in canon.bills()}
    for deal in canon.deals:
        if deal.id not in contracts and deal.id not in billed:
            yield f"a deal was won and never billed: {deal.name}, {_money(deal.net, deal.currency)}"
        elif contracts.get(deal.id, 0) > 1:
            yield f"{contracts[deal.id]} subscriptions for one deal: {deal.name} will be billed for each"


def _postings(canon: Canon) -> Iterator[str]:
    by_key: dict[tuple[str, str], list[Document]] = {}
    for posting in canon.postings():
        by_key.setdefault((posting.kind, posting.key), []).append(posting)
    for bill in canon.bills():
        mine = by_key.get((bill.kind, bill.key), [])
        what = {"invoice": "invoices", "credit": "credit memos"}[bill.kind]
        amount = _money(bill.gross, bill.currency)
        if not mine:
            yield f"no posting for a bill: {bill.key}, {amount}, is in no ledger"
        elif len(mine) > 1:
            times = TIMES.get(len(mine), f"{len(mine)} times")
            where = LEDGERS[mine[0].system]
            yield f"{len(mine)} {what} for one bill in {where}: {bill.key}, {amount} posted {times}"
        elif mine[0].gross != bill.gross:
            posted = text(mine[0].gross, bill.currency)
            yield f"another amount in {LEDGERS[mine[0].system]}: {bill.key} is {amount}, posted {posted}"
        owed = sum(one.open for one in mine)
        if mine and owed != bill.open:
            yield (f"the ledger wants {_money(owed, bill.currency)} for {bill.key}, of which the customer owes "
                   f"{text(bill.open, bill.currency)}")  # fmt: skip


def _receipts(canon: Canon) -> Iterator[str]:
    platform = {receipt.id: receipt for receipt in canon.receipts_of("subscriptions")}
    keys = {receipt.key for receipt in platform.values()}
    ledger = canon.receipts_of(*LEDGERS)
    for receipt in ledger:
        amount = _money(receipt.amount, receipt.currency)
        original = platform.get(receipt.key.removeprefix("CB:"))
        if receipt.key.startswith("CB:") and original is not None and original.key != receipt.key:
            yield f"one payment booked twice: {amount} came to the bank as {original.key}, and again as our own echo"
        elif receipt.key not in keys:
            yield f"a payment that the platform does not know: {amount} in {LEDGERS[receipt.system]} ({receipt.key})"
    for key in sorted(keys - {receipt.key for receipt in ledger}):
        mine = next(receipt for receipt in platform.values() if receipt.key == key)
        yield f"a payment that no ledger knows: {_money(mine.amount, mine.currency)} in the platform ({key})"


def _customers(canon: Canon) -> Iterator[str]:
    counts: dict[tuple[str, str, str], int] = {}
    for customer in canon.customers:
        if customer.account:
            place = (customer.system, customer.account, customer.entity)
            counts[place] = counts.get(place, 0) + 1
    for (system, account, _), count in counts.items():
        if count > 1:
            name = canon.accounts[account].name if account in canon.accounts else account
            yield f"{count} customers for one account in {LEDGERS.get(system, 'the platform')}: {name}"


def _copies(canon: Canon) -> Iterator[str]:
    copies = {copy.key: copy for copy in canon.of("salesforce")}
    for bill in canon.bills():
        if bill.kind != "invoice":
            continue
        copy = copies.get(bill.key)
        if copy is None:
            yield f"the account team does not see {bill.key} ({_money(bill.gross, bill.currency)}) in Salesforce"
        elif copy.open != bill.open:
            yield (f"Salesforce shows {_money(copy.open, bill.currency)} open on {bill.key}, of which "
                   f"{text(bill.open, bill.currency)} is")  # fmt: skip
