"""I8: each document has exactly one ledger of record, the one that the entity's cutover gives it."""

from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from harness.canon import Document
from harness.checkers import moving
from harness.checkers.case import Case


def one_ledger_each(case: Case) -> tuple[int, list[str]]:
    """I8: no bill or credit note is posted in two ledgers, so that no tax is declared twice; each is in the ledger of
    the day of its bill, and what settles or credits it is where it is. What a dual run doubles is no posting.
    """
    bills: dict[tuple[str, str], Document] = {(one.kind, one.key): one for one in case.canon.bills()}
    homes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for posting in case.canon.postings():
        if posting.key:
            homes[posting.kind, posting.key].add(posting.system)
    findings = []
    carried = {one.key: one for one in case.canon.moved}
    for (kind, key), systems in homes.items():
        if len(systems) > 1:
            findings.append(f"{kind} {key} is posted in {' and in '.join(sorted(systems))}")
            continue
        bill = bills.get((kind, key))
        origin = bills.get(("invoice", bill.of), bill) if bill is not None and bill.of else bill
        wanted = home(case, origin.entity, origin.at, origin) if origin is not None else ""
        if kind == "credit" and origin is not None and origin.key in carried:
            wanted = _carrier(case, carried[origin.key], wanted, (kind, key))
        if wanted and systems != {wanted}:
            findings.append(f"{kind} {key} is posted in {next(iter(systems))}, its ledger of record is {wanted}")
    findings += moving.moved_once(case)
    return len(homes) + len(carried), findings + _strays(case, homes) + _dual_run(case, bills)


def _carrier(case: Case, moved: Document, before: str, what: tuple[str, str]) -> str:
    """Where a credit note of a moved bill belongs: to the ledger that carried its open item at that time."""
    posted = min(one.at for one in case.canon.postings() if (one.kind, one.key) == what)
    return moved.system if posted >= moved.at else before


def home(case: Case, entity: str, at: float, bill: Document | None = None) -> str:
    """The system that a document of that time belongs to by its day at the entity, '' if the entity has none.

    `bill`: the platform's, which says where it goes and what for; a part of an entity does not move without it.
    """
    day = _day(case, entity, at)
    found = case.ledgers.get(entity, "")
    country = bill.place.country if bill is not None and bill.place is not None else ""
    for move in case.cutovers:
        if move.holds(entity, day, country, bill.products if bill is not None else ()):
            found = move.ledger
    return found


def _dual_run(case: Case, bills: dict[tuple[str, str], Document]) -> list[str]:
    """Of a dual run: each bill of its days stands once in the ledger of tomorrow, as the ledger of record has it."""
    posted: dict[tuple[str, str], Document] = {(one.kind, one.key): one for one in case.canon.postings()}
    found: dict[tuple[str, str], list[Document]] = defaultdict(list)
    for one in case.canon.shadow.of("erp_cloud") if case.canon.shadow is not None else ():
        found[one.kind, one.key].append(one)
    doubled = {key: posted.get(key, bill) for key, bill in bills.items() if _doubled(case, bill, bills)}
    findings = []
    for (kind, key), original in doubled.items():
        twins = found.pop((kind, key), [])
        if not twins and case.excuses.item((f"{key}/shadow",), key, original.gross) is not None:
            continue
        if len(twins) != 1:
            findings.append(f"{kind} {key} stands {len(twins)} times in the dual run")
            continue
        for name in ("entity", "currency", "net", "tax", "gross", "date"):
            is_, should = getattr(twins[0], name), getattr(original, name)
            if is_ != should:
                findings.append(f"{kind} {key}: {name} is {is_} in the dual run, and {should} in {original.system}")
    return findings + [f"{kind} {key or twins[0].id} stands in the dual run, and is none of its days"
                       for (kind, key), twins in found.items()]  # fmt: skip


def _doubled(case: Case, bill: Document, bills: dict[tuple[str, str], Document]) -> bool:
    origin = bills.get(("invoice", bill.of), bill) if bill.of else bill
    day = _day(case, origin.entity, origin.at)
    return any(move.doubles(origin.entity, day) for move in case.cutovers)


def _day(case: Case, entity: str, at: float) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(case.zones.get(entity, "UTC"))).date()


def _strays(case: Case, homes: dict[tuple[str, str], set[str]]) -> list[str]:
    """Money that a ledger has set against a bill which another one holds."""
    for one in case.canon.moved:  # from then on it stands there as well
        homes[("invoice", one.key)] = {*homes.get(("invoice", one.key), set()), one.system}
    return [
        f"{receipt.system} {receipt.key} is set against {number}, which {' and '.join(sorted(systems))} holds"
        for receipt in case.canon.receipts_of("erp_cloud", "erp_legacy")
        for number, _ in receipt.applied
        if (systems := homes.get(("invoice", number), set())) and receipt.system not in systems
    ]
