"""I15: a reconciliation reports exactly the breaks that are in the books, with their cause, and invents none."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from harness.checkers import agreement, effects, homes
from harness.checkers.case import Case, Reconciliation
from harness.money import text
from harness.tieout import Identity, tie_out

Row = Mapping[str, Any]
_SHARED = ("billed = posted", "open bills = receivables", "receipts agree", "Salesforce shows what is open")
_NEUTRAL = ("out of scope", "unapplied")  # items for rows that our lines leave out and the core's count in


def reports_are_true(case: Case) -> tuple[int, list[str]]:
    """Each report against the books of its moment, and against what the story has planted."""
    checked, findings = 0, []
    for one in case.reconciliations:
        checked += int(one.report["documents"])
        where = f"reconciliation {one.report['id']}"
        findings += [f"{where}: {finding}" for finding in (*_as_planted(one), *_as_in_the_books(one, case))]
    return checked, findings


def _as_planted(one: Reconciliation) -> list[str]:
    """Exactly the breaks that the story names."""
    if one.breaks is None:
        return []
    found = Counter((row["code"], row["system"], row["document"]) for row in one.report["breaks"])
    wanted = Counter((row.code, row.system, row.document) for row in one.breaks)
    findings = [f"does not find that {document} is {code} in {system}"
                for code, system, document in (wanted - found)]  # fmt: skip
    rows = {(row["code"], row["system"], row["document"]): row for row in one.report["breaks"]}
    findings += [f"reports what nobody planted: {'/'.join(key)}: {rows[key]['cause']}" for key in found - wanted]
    for planted in one.breaks:
        row = rows.get((planted.code, planted.system, planted.document))
        if row is not None and planted.amount is not None and row["amount"] != planted.amount:
            findings.append(f"says {row['amount']} of {planted.document}, not {planted.amount} (minor units)")
    if one.items is not None:
        items = {(row["kind"], row["document"]) for row in one.report["items"]}
        findings += [f"does not name {document} as {kind}" for kind, document in sorted(set(one.items) - items)]
        findings += [
            f"names {document} as {kind}, which it is not" for kind, document in sorted(items - set(one.items))
        ]
    return findings


def _as_in_the_books(one: Reconciliation, of: Case) -> list[str]:
    """The sums of its lines are those of the books, and it agrees exactly when they do."""
    identities = {(line.name, line.entity, line.currency): line for line in tie_out(one.canon, one.excuses)}
    lines = {(row["name"], row["entity"], row["currency"]): row for row in one.report["lines"]}
    skewed = {(row["line"], row["entity"], row["currency"]) for row in one.report["items"] if row["kind"] in _NEUTRAL}
    findings = []
    for key, identity in identities.items():
        if key[0] not in _SHARED:
            continue
        row = lines.get(key)
        if row is None:
            findings.append(f"has no line '{' '.join(key)}'")
        elif key not in skewed and key[0] in ("billed = posted", "receipts agree"):
            findings += _sums(identity, row)
    different = next(iter(_differences(one, of)), "")
    if different and not one.report["breaks"]:
        findings.append(f"says that all agrees, and the books do not: {different}")
    if one.report["breaks"] and not different:
        findings.append(f"invents a break: {one.report['breaks'][0]['cause']}")
    if (one.report["verdict"] == "agrees") == bool(one.report["breaks"]):
        findings.append(f"its verdict is '{one.report['verdict']}' with {len(one.report['breaks'])} breaks")
    return findings


def _sums(identity: Identity, row: Row) -> list[str]:
    name = f"{identity.entity} {identity.currency} {identity.name}"
    return [
        f"{name}: has {text(row[side], identity.currency)} for '{row[f'{side}_name']}', "
        f"the book says {text(value, identity.currency)}"
        for side, value in (("a", identity.a), ("b", identity.b)) if row[side] != value
    ]  # fmt: skip


def _differences(one: Reconciliation, of: Case) -> Iterable[str]:
    """What our own judges say of the same books."""
    case = Case(one.canon, one.excuses, ledgers=of.ledgers, zones=of.zones, cutovers=of.cutovers)
    for check in (agreement.tie_out_holds, agreement.fields_agree, agreement.shares_agree,
                  agreement.credits_shown, effects.one_effect_per_key, effects.nothing_lost, agreement.ledgers_balance,
                  homes.one_ledger_each):  # fmt: skip
        yield from check(case)[1]
