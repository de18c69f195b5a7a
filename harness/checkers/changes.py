"""What sales is told of contracts: every renewal and amendment that happened, none that did not, and by whose doing."""

from collections import Counter
from datetime import date, timedelta

from harness.agreements import LATE_DAYS, Agreement, agreements, decided_by
from harness.canon import Deal, Told
from harness.checkers.case import Case


def told_as_they_are(case: Case) -> tuple[int, list[str]]:
    """Part of I4: as many renewals as terms that followed one, each under its deal; each deal's amendment once.

    The end of a billing period within a term is no renewal. Nothing is said of a contract that the core is at work on.
    Where deals of it wait for a person, nothing is said of these: whose they are is open, not what has happened.
    """
    findings: list[str] = []
    checked = 0
    for agreement, told in _pairs(case):
        checked += len(agreement.terms) + len(agreement.changes)
        name = agreement.contract.key
        if case.excuses.item((name, *(row.key for row in told)), "", 0) is not None:
            continue
        deals = (*agreement.not_won, *agreement.renewals.values())
        open_ones = {deal.id for deal in deals if case.excuses.item((deal.id,), "", 0) is not None}
        findings += _renewals(agreement, told, open_ones)
        # an amendment that began with a term is part of the renewal that sales is told of
        done = Counter(deal.id for change in agreement.changes for deal in decided_by(change))
        shown = Counter(row.deal for row in told if row.kind == "Amendment" and row.deal)
        shown.subtract(row.deal for row in told if row.kind == "Reversal")
        findings += _differences(f"amendments of {name} by sales", done, shown, open_ones)
        findings += _lost_changes(case, name, told)
        findings += _corrections(agreement, told, open_ones)
        own = agreement.changes if not open_ones else [
            one for one in agreement.changes if case.excuses.customer_may_have_changed(name, one.day)
        ]  # fmt: skip
        foreign = any(not (decided_by(one) or one.undone or one.corrects) for one in own)
        if foreign and not any(row.kind == "Amendment" and row.origin == "platform" for row in told):
            findings.append(f"{name} was changed in the platform, and sales is not told")
    return checked, findings


def _renewals(agreement: Agreement, told: list[Told], open_ones: set[str]) -> list[str]:
    """As many as there were, each under the deal that decided it: one whose deal is open may be told under none."""
    name = agreement.contract.key
    rows = [row for row in told if row.kind == "Renewal"]
    owners = [deal.id if (deal := agreement.renewals.get(term.id)) else "" for term in agreement.terms[1:]]
    if len(rows) != len(owners):
        return [f"sales is told of {len(rows)} renewals of {name}, the platform has {len(owners)}"]
    leave = open_ones | {""} if open_ones else set()
    return _differences(f"renewals of {name}", Counter(owners), Counter(row.deal for row in rows), leave)


def _lost_changes(case: Case, name: str, told: list[Told]) -> list[str]:
    """A deal adds its seats to those that the contract had: what was changed just before it is not undone by it.

    In the order of the platform's versions; a renewal says anew what a contract has. Of a customer's change just behind
    a deal's the row may say too little: what the deal had undone is made good after it, under the deal's own row.
    """
    deals = {deal.id: deal for deal in case.canon.deals}
    rows = sorted((row for row in told if _version(row)), key=_version)
    rows_of = Counter(row.deal for row in rows)
    findings = []
    for earlier, before, row in zip([None, *rows], rows, rows[1:], strict=False):
        deal = deals.get(row.deal)
        if row.kind != "Amendment" or deal is None or deal.seats is None or rows_of[row.deal] > 1:
            continue
        if earlier is not None and earlier.deal and not before.deal and earlier.on == before.on:
            continue
        renewed = any(one.kind == "Renewal" and before.on <= one.on <= row.on for one in told)
        expected = before.quantity + deal.seats
        if not renewed and row.quantity != expected and case.excuses.item((deal.id,), deal.id, 0) is None:
            findings.append(
                f"{name} had {before.quantity} seats, deal {deal.name} sells {deal.seats}: that makes {expected}, not"
                f" {row.quantity}"
            )
    return findings


def _version(row: Told) -> int:
    number = row.key.rpartition("@")[2]
    return int(number) if number.isdecimal() and row.kind != "Renewal" else 0


def _corrections(agreement: Agreement, told: list[Told], open_ones: set[str]) -> list[str]:
    """A contract that was corrected after its deal had been edited is told as that, under the deal."""
    corrected = {change.corrects.id for change in agreement.changes if change.corrects is not None}
    shown = {row.deal for row in told if row.kind == "Correction"}
    name = agreement.contract.key
    return [
        f"{name} was corrected by deal {deal}, and sales is not told" for deal in sorted(corrected - shown - open_ones)
    ]


def lost_renewals_end(case: Case) -> tuple[int, list[str]]:
    """Part of I2: a contract whose renewal was lost, and by no other deal won, ends with its term."""
    findings = []
    keys = {one.id: one.key for one in case.canon.contracts if one.system == "salesforce"}
    for agreement in agreements(case.canon):
        contract = agreement.contract
        lost = [deal for deal in case.canon.lost if keys.get(deal.contract) == contract.key]
        won = [*agreement.renewals.values(), *(deal for deal in agreement.pending if deal.kind == "renewal")]
        for deal in lost:
            later = any(one.won >= deal.won for one in won) or _renewed_lately(agreement, deal)
            if contract.renews and not later and case.excuses.item((deal.id,), "", 0) is None:
                findings.append(f"renewal {deal.name} was lost, and contract {contract.key} is to renew all the same")
    return len(case.canon.lost), findings


def _renewed_lately(agreement: Agreement, lost: Deal) -> bool:
    """Was the term that the lost renewal was about renewed by another deal, shortly before?"""
    since = (date.fromisoformat(lost.closed_on) - timedelta(days=LATE_DAYS)).isoformat()
    return not lost.start and any(term.id in agreement.renewals and term.start >= since for term in agreement.terms)


def own_changes_come_not_back(case: Case) -> tuple[int, list[str]]:
    """Part of I31: what sales decided is never told as the platform's own doing, and nothing is told twice."""
    findings: list[str] = []
    checked = 0
    for agreement, told in _pairs(case):
        rows = [row for row in told if row.kind == "Amendment"]
        checked += len(rows)
        for row in rows:
            own = case.excuses.customer_may_have_changed(agreement.contract.key, row.on)
            if row.origin == "platform" and not own:
                findings.append(f"the change of {agreement.contract.key} on {row.on} is told as the platform's own")
    return checked, findings


def _pairs(case: Case) -> list[tuple[Agreement, list[Told]]]:
    if not case.core_known:
        return []
    keys = {one.id: one.key for one in case.canon.contracts if one.system == "salesforce"}
    told: dict[str, list[Told]] = {}
    for row in case.canon.told:
        told.setdefault(keys.get(row.contract, ""), []).append(row)
    return [(one, told.get(one.contract.key, [])) for one in agreements(case.canon)]


def _differences(what: str, happened: Counter[str], told: Counter[str], leave: set[str]) -> list[str]:
    findings = []
    for deal in sorted({*happened, *told} - leave):
        if happened[deal] != told[deal]:
            whose = f"deal {deal}" if deal else "no deal"
            findings.append(f"{what}: {happened[deal]} of {whose} happened, sales is told of {told[deal]}")
    return findings
