"""I8, open items and cash on account: what is to move is cleared in one ledger, carried in the other, once, untaxed."""

from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from harness.canon import Canon, Correlation
from harness.checkers.case import Case

ACCOUNTS = Correlation().migration_accounts


def moved_once(case: Case) -> list[str]:
    """What is wrong with the open items that were moved, or should have been."""
    canon = case.canon
    findings, carried = [], defaultdict(list)
    for one in canon.moved:
        carried[one.key].append(one)
    known = {bill.key for bill in canon.bills()} | canon.taken_back
    known |= {receipt.key for receipt in canon.receipts_of("erp_legacy")}
    for key, mine in carried.items():
        waits = (
            case.excuses.item((key, f"bill:{key}"), key, 0) is not None
        )  # voided as it moved, and not yet taken back
        if key not in known and not waits:
            findings.append(f"{mine[0].system} carries an open item of {key}, which is neither bill nor payment")
        if len(mine) > 1:
            findings.append(f"the open item of {key} is carried {len(mine)} times in {mine[0].system}")
        findings += [f"the open item of {key} declares tax {one.tax} again in {one.system}" for one in mine if one.tax]
    for out in canon.cleared:  # load, compare, clear: at no time does nobody ask for it
        if carried.get(out.key) and out.at < min(one.at for one in carried[out.key]):
            findings.append(f"{out.system} cleared the open item of {out.key} before another ledger carried it")
    return findings + _through_the_account(case) + _left_behind(case) + _cash_left_behind(case)


def _through_the_account(case: Case) -> list[str]:
    """Neither revenue nor tax a second time: the other side is the migration account, and all of these come to nothing
    but what the core says is on its way.
    """
    canon = case.canon
    ids = {(one.system, one.id): one.key for one in canon.moved}
    ids |= {(one.system, one.id): one.key for one in canon.cleared}
    findings: list[str] = []
    sums: dict[tuple[str, str], int] = defaultdict(int)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in canon.ledger:
        key = ids.get((line.system, line.document), "")
        if key and not line.receivable and line.account not in ACCOUNTS:
            findings.append(f"{line.system}: the open item of {key} is posted to {line.account}")
        if line.account in ACCOUNTS:
            sums[line.entity, line.currency] += line.amount
            keys[line.entity, line.currency].add(key)
    for place, off in sums.items():
        waits = [key for key in sorted(keys[place]) if case.excuses.item((key, f"bill:{key}"), key, 0) is not None]
        if off and not waits:
            findings.append(f"{'/'.join(place)}: the migration accounts of both ledgers stand at {off}, not at nothing")
    return findings


def _left_behind(case: Case) -> list[str]:
    """After its day, and the night that follows, the old ledger has nothing open of what was to move."""
    findings = []
    used = {one.key for one in case.canon.bills() if one.kind == "credit" and not one.open}  # for another bill there
    by_cash = _paid_on_account(case.canon)
    for posting in case.canon.postings():
        move = next((one for one in case.cutovers if one.moves and one.entity == posting.entity), None)
        if move is None or not posting.key or posting.system == move.ledger or posting.key in used:
            continue
        until = move.until or date.max
        if _today(case, move.entity) <= move.on or until <= move.on or date.fromisoformat(posting.date) >= until:
            continue
        if posting.open <= by_cash.get((posting.system, posting.key), 0):
            continue
        if case.excuses.item((posting.key, f"bill:{posting.key}"), posting.key, posting.open) is None:
            findings.append(f"{posting.system} still carries {posting.open} of {posting.key}, which was to move")
    return findings


def _cash_left_behind(case: Case) -> list[str]:
    """Nor has it any cash on account of before that day, but for what the platform has set against a bill there."""
    canon, findings = case.canon, []
    known = {one.key for one in canon.receipts_of("subscriptions")}
    returned = {(one.account, one.currency, -one.amount) for one in canon.receipts_of("erp_legacy")}
    applied = _applied(canon)
    there = {posting.key for posting in canon.postings() if posting.system == "erp_legacy"}
    for receipt in canon.receipts_of("erp_legacy"):
        move = next((one for one in case.cutovers if one.moves and one.entity == receipt.entity), None)
        if move is None or move.ledger == receipt.system or receipt.loose <= 0 or not receipt.key.startswith("L-"):
            continue
        if receipt.key not in known or (receipt.account, receipt.currency, receipt.amount) in returned:
            continue  # not told yet, or taken back
        if date.fromisoformat(receipt.date) >= move.on:
            continue  # received by the old desk after the move
        if _today(case, move.entity) <= move.on or (move.until or date.max) <= move.on:
            continue
        told = sum(amount for number, amount in receipt.applied if number in there)
        settled = sum(amount for number, amount in applied[receipt.key] if number in there)
        left = receipt.loose - max(0, settled - told)
        if left > 0 and case.excuses.item((receipt.key,), receipt.key, left) is None:
            findings.append(f"{receipt.system} still has {left} of {receipt.key} on account, which was to move")
    return findings


def _applied(canon: Canon) -> dict[str, list[tuple[str, int]]]:
    """Receipt -> what the platform has set it against."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for one in canon.receipts_of("subscriptions"):
        found[one.key] += one.applied
    return found


def _paid_on_account(canon: Canon) -> dict[tuple[str, str], int]:
    """(ledger, bill) -> what the platform has paid of it with cash that the legacy ledger, which no file can tell so,
    has on account: both stay there.
    """
    applied, found = _applied(canon), dict[tuple[str, str], int]()
    for receipt in (one for one in canon.receipts_of("erp_legacy") if one.loose > 0):
        told = {number for number, _ in receipt.applied}
        for number, amount in applied[receipt.key]:
            if number not in told:
                place = receipt.system, number
                found[place] = found.get(place, 0) + amount
    return found


def _today(case: Case, entity: str) -> date:
    return datetime.fromtimestamp(case.at, UTC).astimezone(ZoneInfo(case.zones.get(entity, "UTC"))).date()
