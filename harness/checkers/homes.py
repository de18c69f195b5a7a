"""I8: each document has exactly one ledger of record, the one that the entity's cutover gives it."""

from collections import defaultdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from harness.canon import Document
from harness.checkers.case import Case


def one_ledger_each(case: Case) -> tuple[int, list[str]]:
    """I8: no bill or credit note is posted in two ledgers, so that no tax is declared twice; each is in the ledger of
    the day of its bill, and what settles or credits it is where it is.
    """
    bills: dict[tuple[str, str], Document] = {(one.kind, one.key): one for one in case.canon.bills()}
    homes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for posting in case.canon.postings():
        if posting.key:
            homes[posting.kind, posting.key].add(posting.system)
    findings = []
    for (kind, key), systems in homes.items():
        if len(systems) > 1:
            findings.append(f"{kind} {key} is posted in {' and in '.join(sorted(systems))}")
            continue
        bill = bills.get((kind, key))
        origin = bills.get(("invoice", bill.of), bill) if bill is not None and bill.of else bill
        wanted = home(case, origin.entity, origin.at) if origin is not None else ""
        if wanted and systems != {wanted}:
            findings.append(f"{kind} {key} is posted in {next(iter(systems))}, its ledger of record is {wanted}")
    return len(homes), findings + _strays(case, homes)


def home(case: Case, entity: str, at: float) -> str:
    """The system that a document of that time belongs to by its day at the entity, '' if the entity has none."""
    day = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(case.zones.get(entity, "UTC"))).date()
    found = case.ledgers.get(entity, "")
    for move in case.cutovers:
        if move.holds(entity, day):
            found = move.ledger
    return found


def _strays(case: Case, homes: dict[tuple[str, str], set[str]]) -> list[str]:
    """Money that a ledger has set against a bill which another one holds."""
    return [
        f"{receipt.system} {receipt.key} is set against {number}, which {' and '.join(sorted(systems))} holds"
        for receipt in case.canon.receipts_of("erp_cloud", "erp_legacy")
        for number, _ in receipt.applied
        if (systems := homes.get(("invoice", number), set())) and receipt.system not in systems
    ]
