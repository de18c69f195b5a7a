"""I6: what sales is shown of a bill or credit note never goes back to an older version of it.

How the original was between its changes is what the platform answered to whoever asked; what was shown, and in which
order, is in the journal of the sales system. The books at the end say nothing of what stood there for a while.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson

from harness.checkers.case import Case
from harness.checkers.shown import STATUS
from harness.events import RunEvent
from harness.money import minor

Row = Mapping[str, Any]
State = tuple[int, int, str]  # gross and what is open of it, minor units; status as sales is shown it
_COPY = re.compile(r"/sobjects/(?:Invoice__c/Invoice_Number__c|Credit_Note__c/Credit_Number__c)/([^/?]+)$")
_OPEN = {"invoice": "amount_due", "credit_note": "amount_available"}


def never_back(case: Case) -> tuple[int, list[str]]:
    """I6: the states that were written to a copy can be read as moments of its original that never go back.

    A moment that the journal knows no state of may have had any. No write is judged whose answer was disturbed: one
    that was given up may arrive later, and I4 asks what became of that.
    """
    if why_not_asked(case):
        return 0, []
    lives, reached = _lives(case), dict[str, int]()
    checked, findings = 0, []
    for number, state in _written(case.calls):
        life = lives.get(number)
        if life is None or state not in life.moments:
            continue
        checked += 1
        before = reached.get(number, 0)
        now = life.first(state, before)
        if now is None:
            last = max(life.moments[state])
            findings.append(f"salesforce {number}: shown as it was at its change {last}, after {before} was shown")
        else:
            reached[number] = now
    return checked, findings


def why_not_asked(case: Case) -> str:
    """Nobody kept a record, or it has nothing that can be compared."""
    if not case.calls or not case.changes:
        return "nobody kept a record of calls and changes"
    if case.systems_set_back:
        return "a system was restored from a copy, and with it what it had told once"
    return "" if any(True for _ in _written(case.calls)) else "no bill was shown"


@dataclass
class _Life:
    """A bill or note between its changes, counted from 1; several that nobody could look between are one."""

    ends: list[int] = field(default_factory=list)  # the record's number of the call that first could see each change
    moments: dict[State, set[int]] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)

    def first(self, state: State, least: int) -> int | None:
        """The first moment from `least` on at which it was, or may have been, in that state."""
        later = range(max(1, least), len(self.ends) + 1)
        return next((one for one in later if one in self.moments[state] or one not in self.known), None)


def _lives(case: Case) -> dict[str, _Life]:
    looks = [event for event in case.calls if event.facts["system"] == "subscriptions"]
    numbers = [event.seq for event in looks]
    lives: dict[str, _Life] = {}
    for change in case.changes:
        if change.facts["system"] == "subscriptions" and change.facts["table"] in _OPEN:
            life = lives.setdefault(change.facts["key"], _Life())
            place = bisect_right(numbers, change.seq)
            end = numbers[place] if place < len(numbers) else change.seq
            if not life.ends or life.ends[-1] != end:
                life.ends.append(end)
    for event in looks:
        text = event.facts.get("answer") or ""
        if event.facts["operation"].startswith("event.") or "resource_version" not in text:
            continue  # what events tell is how things were once
        try:
            answer = orjson.loads(text)
        except ValueError:  # kept in part
            continue
        for row in _documents(answer):
            if (moment := bisect_right(lives[row["id"]].ends, event.seq)) if row["id"] in lives else 0:
                left = int(row.get(_OPEN[row["object"]]) or 0)
                state = int(row["total"]), left, _status(row["object"], row["status"])
                lives[row["id"]].moments.setdefault(state, set()).add(moment)
                lives[row["id"]].known.add(moment)
    return lives


def _status(kind: str, status: str) -> str:
    return STATUS.get(status, status) if kind == "invoice" else status


def _documents(answer: Any) -> Iterator[Row]:
    if isinstance(answer, list):
        for one in answer:
            yield from _documents(one)
    elif isinstance(answer, dict):
        if answer.get("object") in _OPEN and "resource_version" in answer and "total" in answer:
            yield answer
            return
        for one in answer.values():
            if isinstance(one, dict | list):
                yield from _documents(one)


def _written(calls: Iterable[RunEvent]) -> Iterator[tuple[str, State]]:
    """Number and state of each copy that was certainly written, in the order of the writes."""
    for event in calls:
        facts = event.facts
        if facts["system"] != "salesforce" or facts.get("fault") or facts["status"] not in range(200, 300):
            continue
        body = facts.get("body") or ""
        if "Gross__c" not in body:
            continue
        try:
            sent = orjson.loads(body)
        except ValueError:
            continue
        if not isinstance(sent, dict):
            continue
        for part in sent.get("compositeRequest") or ({"url": facts["target"], "body": sent},):
            copy = _COPY.search(part.get("url", ""))
            state = _state(part.get("body") or {})
            if copy is not None and state is not None:
                yield unquote(copy[1]), state


def _state(fields: Row) -> State | None:
    try:
        currency = fields["CurrencyIsoCode"]
        left = fields["Balance__c"] if "Balance__c" in fields else fields["Available__c"]
        return minor(fields["Gross__c"], currency), minor(left, currency), str(fields["Status__c"])
    except KeyError:  # of a core that shows other fields, or of a field that has another name today
        return None
