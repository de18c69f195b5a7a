"""Deferred revenue: what was billed is recognised or still deferred, line by line and month by month."""

import calendar
from collections import defaultdict
from datetime import date
from fractions import Fraction

from harness.checkers.case import Case
from harness.deferrals import Deferral
from harness.discounts import booked_with_payments, given_up_untaxed


def revenue_adds_up(case: Case) -> tuple[int, list[str]]:
    """I32: each line's net = recognised + deferred, month by month as its service runs; the accounts say the same.

    Recognised is a running total: by the end of a month that was worked off, what the service has earned by then.
    """
    findings = [finding for one in case.canon.deferrals for finding in _by_month(one)]
    written_off, wrong = _write_offs(case)
    return len(case.canon.deferrals) + written_off, findings + _accounts(case) + _terms(case) + wrong


def _write_offs(case: Case) -> tuple[int, list[str]]:
    """A bill that was given up takes no revenue back: of the accounts of its posting only that of its tax is shared."""
    notes = {one.key: one for one in case.canon.bills() if one.kind == "credit" and one.reason == "write_off"}
    postings = {(one.kind, one.key): one for one in case.canon.postings() if one.key}
    lines: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in case.canon.ledger:
        if not line.receivable:
            lines[line.system, line.document][line.account] += line.amount
    checked, findings = 0, []
    for key, note in notes.items():
        mine, its = postings.get(("credit", key)), postings.get(("invoice", note.of))
        if mine is None or its is None:
            continue
        checked += 1
        earned = lines[its.system, its.id]
        shared = sum(amount for account, amount in lines[mine.system, mine.id].items() if account in earned)
        tax = 0 if given_up_untaxed(note, mine) else note.tax
        if shared != tax:
            findings.append(f"{key} writes {note.of} off and takes {shared - tax} of its revenue back (minor units)")
    return checked, findings


def nothing_deferred(case: Case) -> str:
    """Why nothing may have been judged: no ledger line is on an account of deferred revenue. '' otherwise."""
    booked = booked_with_payments(case.canon)
    given_up = any(one.reason == "write_off" and one.key not in booked for one in case.canon.bills())
    return "" if given_up or any(line.deferred for line in case.canon.ledger) else "no ledger defers anything"


def _by_month(one: Deferral) -> list[str]:
    what, total = f"{one.system} document {one.document} line {one.line}", 0
    findings = []
    for month, amount, _journal in one.recognised:
        total += amount
        earned = _earned(one, month)
        if abs(total - earned) > 1 or (not earned and total):  # a unit of rounding, and none where there is nothing
            findings.append(f"{what}: {total} of {one.net} recognised by {month}, earned are {float(earned):.0f}")
    return findings


def _earned(one: Deferral, month: str) -> Fraction:
    """Straight-line over days or whole months; Fractions, so that the judge rounds nothing."""
    if not one.starts:
        return Fraction(0)
    starts, ends = date.fromisoformat(one.starts), date.fromisoformat(one.ends)
    year, number = int(month[:4]), int(month[5:])
    until = date(year, number, calendar.monthrange(year, number)[1])
    if until < starts:
        return Fraction(0)
    if until >= ends:
        return Fraction(one.net)
    if one.even:
        gone, every = (12 * (day.year - starts.year) + day.month - starts.month + 1 for day in (until, ends))
    else:
        gone, every = ((day - starts).days + 1 for day in (until, ends))
    return Fraction(one.net * gone, every)


def _accounts(case: Case) -> list[str]:
    """What schedules say is on the accounts of deferred revenue: by document, by journal, and left in each ledger."""
    posted: dict[tuple[str, str], int] = defaultdict(int)
    left: dict[tuple[str, str], int] = defaultdict(int)
    for line in case.canon.ledger:
        if line.deferred:
            posted[line.system, line.document] -= line.local
            left[line.system, line.entity] -= line.local
    said: dict[tuple[str, str], int] = defaultdict(int)
    still: dict[tuple[str, str], int] = defaultdict(int)
    for one in case.canon.deferrals:
        said[one.system, one.document] += one.net
        still[one.system, one.entity] += one.net - sum(amount for _, amount, _ in one.recognised)
        for _, amount, journal in one.recognised:
            said[one.system, journal] -= amount
    findings = [
        f"{system} document {number}: {posted[system, number]} are deferred, schedules say {said[system, number]}"
        for system, number in sorted({*posted, *said}) if posted[system, number] != said[system, number]
    ]  # fmt: skip
    return findings + [
        f"{system} {entity}: {left[system, entity]} deferred in the accounts, {still[system, entity]} in the schedules"
        for system, entity in sorted({*left, *still}) if left[system, entity] != still[system, entity]
    ]  # fmt: skip


def _terms(case: Case) -> list[str]:
    """A ledger defers over the days that the bill or credit note has for its service.

    Which of a bill's lines it is, its net says, unless the ledger keeps it in another currency.
    """
    documents = {(one.system, one.id): one for one in case.canon.postings()}
    findings = []
    for one in case.canon.deferrals:
        document = documents.get((one.system, one.document))
        services = case.canon.services.get(document.key, set()) if document is not None else set()
        if document is not None and document.currency == one.currency:
            services = {service for service in services if service[2] == abs(one.net)}
        terms = sorted({(starts, ends) for starts, ends, _ in services})
        if document is not None and terms and (one.starts, one.ends) not in terms:
            findings.append(
                f"{one.system} {document.key} line {one.line}: deferred for {one.starts or 'no term'} to {one.ends}, "
                f"billed for {', '.join(f'{starts} to {ends}' for starts, ends in terms)}"
            )
    return findings
