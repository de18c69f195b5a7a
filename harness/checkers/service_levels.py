"""I18: the figures that the core tells of its service levels equal what the books say, and its alerts come in time.

What is promised stands here once more: a core that promises something else, or less, is convicted of that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.canon import Document
from harness.checkers.case import Case
from harness.checkers.homes import home

WINDOW_S = 28 * 86_400.0
KEPT_S = 3 * WINDOW_S  # a core need not know of alerts from before that
SLACK_S = 60.0  # what an answer may take: between the ledger's posting and the core's knowing


@dataclass(frozen=True)
class _Promise:
    """In which ledger a bill is how soon; `answer_s`: how long after posting the ledger tells of it."""

    ledger: str
    bound_s: float
    answer_s: float
    late_percent: int = 1  # more than that, and it is an alert


PROMISES = {
    "bill-in-cloud-ledger": _Promise("erp_cloud", 15 * 60.0, SLACK_S),
    "bill-in-legacy-ledger": _Promise("erp_legacy", 5 * 86_400.0, 12 * 3_600.0),  # at night, and read in the morning
}


@dataclass(frozen=True)
class _Turn:
    number: str
    begun: float
    ended: float | None
    late: bool
    doubtful: bool  # posted so shortly before its bound that the core may have known only after it


def told_as_they_are(case: Case) -> tuple[int, list[str]]:
    """I18: kept, late, waiting and alerts of each objective, by the times in the platform's and the ledgers' books.

    A bill counts from when it became final; what a person had to resolve something of is left out; a voided one may be
    counted or not.
    """
    if case.levels is None or why_not_asked(case):
        return 0, []
    now = float(case.levels["at"])
    told = {one["objective"]: one for one in case.levels["levels"]}
    checked, findings = 0, [f"{name} is told, which nobody here knows" for name in sorted(set(told) - set(PROMISES))]
    for name, promise in PROMISES.items():
        turns = _turns(case, promise, now)
        checked += len(turns)
        if name not in told:
            findings.append(f"{name} is not told")
            continue
        findings += [f"{name}: {finding}" for finding in _wrong(case, promise, told[name], turns, now)]
    return checked, findings


def why_not_asked(case: Case) -> str:
    """What the core has not heard of yet it cannot count: nobody is asked in the midst of a storm. Nor where people
    have changed books by hand: those say no more when what was posted.
    """
    if case.levels is None:
        return "the core tells no service levels"
    if case.going_on or case.not_quiet:
        return "the storm is not over yet"
    if case.edited:
        return "people have edited the books by hand"
    if case.set_back:
        return "the core came out of a backup, and heard of what was done by then once more"
    if case.systems_set_back:
        return "a system was restored from a copy, and what it had once posted in time is posted again"
    return "" if _counted(case, float(case.levels["at"])) else "nothing was billed of late that no person held up"


def _counted(case: Case, now: float) -> list[Document]:
    return [
        bill for bill in case.canon.bills()
        if bill.kind == "invoice" and bill.key not in case.hindered and (bill.final_at or bill.at) >= now - KEPT_S
    ]  # fmt: skip


def _turns(case: Case, promise: _Promise, now: float) -> list[_Turn]:
    posted = {one.key: one for one in case.canon.postings() if one.kind == "invoice" and one.key}
    turns = []
    for bill in _counted(case, now):
        begun, posting = bill.final_at or bill.at, posted.get(bill.key)
        ledger = posting.system if posting is not None else home(case, bill.entity, bill.at, bill)
        if ledger != promise.ledger:
            continue
        due, ended = begun + promise.bound_s, posting.at if posting is not None else None
        late = ended is None or ended > due
        near = ended is not None and due - promise.answer_s <= ended <= due + SLACK_S
        turns.append(_Turn(bill.key, begun, ended, late, near))
    return turns


def _wrong(case: Case, promise: _Promise, told: Mapping[str, Any], turns: list[_Turn], now: float) -> list[str]:
    bound = (told["bound_s"], told["window_s"], 100 - told["target_percent"])
    if bound != (promise.bound_s, WINDOW_S, promise.late_percent):
        return [f"is promised otherwise: {bound}"]
    recent = [one for one in turns if one.begun + WINDOW_S > now]
    decided = [one for one in recent if one.ended is not None or one.begun + promise.bound_s <= now]
    late, doubtful = {one.number for one in decided if one.late}, {one.number for one in recent if one.doubtful}
    said = set(told["late"])
    findings = [f"{number} is told as late, and was in time" for number in sorted(said - late - doubtful)]
    findings += [f"{number} was late, and is not told" for number in sorted(late - said - doubtful)]
    voided = sum(one.status == "voided" for one in case.canon.of("subscriptions"))
    figures = {"kept": len(decided) - len(late), "waiting": len(recent) - len(decided)}
    for name, figure in figures.items():
        if not figure - len(doubtful) <= told[name] <= figure + len(doubtful) + voided:
            findings.append(f"{told[name]} bills are told as {name}, there are {figure}")
    return findings or ([] if doubtful or voided else _untimely(promise, told["alerts"], turns, now))


def _untimely(promise: _Promise, told: list[Mapping[str, Any]], turns: Iterable[_Turn], now: float) -> list[str]:
    """Alerts that came too early or late, were none or are missing."""
    true = [one for one in _alerts(promise, turns, now) if one[1] is None or one[1] > now - WINDOW_S]
    said = [(float(one["since"]), one["until"]) for one in told]
    if len(true) == len(said) and all(_near(one, other) for one, other in zip(true, said, strict=True)):
        return []
    return [f"alerts {_spans(said)}, and should {_spans(true)}"]


def _alerts(promise: _Promise, turns: Iterable[_Turn], now: float) -> list[tuple[float, float | None]]:
    """From when to when more was late than is allowed of what a window had begun and decided."""
    turns = list(turns)
    moments = sorted({at for one in turns for at in (_decided(promise, one), one.begun + WINDOW_S) if at <= now})
    found: list[tuple[float, float | None]] = []
    for at in moments:
        live = [one for one in turns if _decided(promise, one) <= at < one.begun + WINDOW_S]
        burns = sum(one.late for one in live) * 100 > len(live) * promise.late_percent
        going = bool(found) and found[-1][1] is None
        if burns and not going:
            found.append((at, None))
        elif going and not burns:
            found[-1] = (found[-1][0], at)
    return found


def _decided(promise: _Promise, turn: _Turn) -> float:
    return turn.begun + promise.bound_s if turn.late or turn.ended is None else turn.ended


def _near(one: tuple[float, float | None], other: tuple[float, float | None]) -> bool:
    if abs(one[0] - other[0]) > SLACK_S or (one[1] is None) != (other[1] is None):
        return False
    return one[1] is None or other[1] is None or abs(one[1] - other[1]) <= SLACK_S


def _spans(alerts: Iterable[tuple[float, float | None]]) -> str:
    def said(at: float | None) -> str:
        return "now" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")

    return ", ".join(f"from {said(since)} to {said(until)}" for since, until in alerts) or "never"
