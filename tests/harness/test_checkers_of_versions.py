"""I6: what sales is shown of a bill may lag behind the bill, and never goes back."""

import json
from typing import Any

import pytest

from harness.checkers import Case
from harness.checkers.versions import never_back
from harness.events import RunEvent
from tests.harness.test_checkers import agreeing_books, outcomes

DUE, PART, PAID = (1090, "payment_due", "Due"), (90, "payment_due", "Due"), (0, "paid", "Paid")
Moment = tuple[int, str, str]  # what is open, minor units; status at home, and in sales


class Record:
    """A record of a run, made entry by entry."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []

    def _add(self, kind: Any, **facts: Any) -> "Record":
        self.events.append(RunEvent(len(self.events) + 1, 1.0, kind, facts))
        return self

    def changed(self) -> "Record":
        return self._add("change", system="subscriptions", table="invoice", key="US-1", action="update")

    def told(self, moment: Moment, operation: str = "invoice.retrieve", cut: bool = False) -> "Record":
        row = {"object": "invoice", "id": "US-1", "total": 1090, "amount_due": moment[0], "status": moment[1],
               "resource_version": 7}  # fmt: skip
        text = json.dumps({"invoice": row})
        return self._call("subscriptions", operation, "/api/v2/invoices/US-1", answer=text[:-9] if cut else text)

    def shown(self, moment: Moment, **facts: Any) -> "Record":
        fields = {"CurrencyIsoCode": "USD", "Gross__c": 10.90, "Balance__c": moment[0] / 100, "Status__c": moment[2]}
        target = "/services/data/v60.0/sobjects/Invoice__c/Invoice_Number__c/US-1"
        if facts.pop("composite", False):
            body: dict[str, Any] = {"compositeRequest": [{"url": target, "body": fields}]}
            return self._call("salesforce", "composite", "/services/data/v60.0/composite", body=json.dumps(body))
        return self._call("salesforce", "record.upsert:Invoice__c", target, body=json.dumps(fields), **facts)

    def _call(self, system: str, operation: str, target: str, **facts: Any) -> "Record":
        plain = {"status": 200, "fault": None, "method": "PATCH", "body": "", "answer": "", "headers": {}}
        return self._add("call", system=system, operation=operation, target=target, **(plain | facts))

    def case(self) -> Case:
        calls, changes = ([one for one in self.events if one.kind == kind] for kind in ("call", "change"))
        return Case(agreeing_books(), calls=tuple(calls), changes=tuple(changes))


def life() -> Record:
    """Issued, shown; paid in part, seen."""
    return Record().changed().told(DUE).shown(DUE).changed().told(PART)


@pytest.mark.parametrize("composite", [False, True])
def test_it_goes_forward_or_stays(composite: bool) -> None:
    record = life().shown(DUE).shown(PART, composite=composite).shown(PART).changed().told(PAID).shown(PAID)
    assert never_back(record.case()) == (5, [])
    assert outcomes(record.case())["I6"] == "holds"


@pytest.mark.parametrize("composite", [False, True])
def test_it_never_goes_back(composite: bool) -> None:
    record = life().shown(PART).shown(DUE, composite=composite).shown(PART)
    assert never_back(record.case()) == (4, ["salesforce US-1: shown as it was at its change 1, after 2 was shown"])
    assert outcomes(record.case())["I6"] == "broken"


def test_what_was_so_once_may_be_so_again() -> None:
    record = life().shown(PART).changed().told(DUE).shown(DUE)
    assert never_back(record.case()) == (3, [])


@pytest.mark.parametrize("unseen", ["nobody asked", "kept in part", "told as an event"])
def test_a_moment_that_nobody_knows_may_have_been_anything(unseen: str) -> None:
    record = life().shown(PART).changed()
    if unseen == "kept in part":
        record.told(DUE, cut=True)
    elif unseen == "told as an event":  # which says how things were once
        record.told(PAID, "event.list")
    assert never_back(record.shown(DUE).case()) == (3, [])


def test_nobody_looks_between_changes_of_one_moment() -> None:
    record = Record().changed().told(DUE).shown(DUE).changed().changed().told(PAID).shown(PAID).shown(DUE)
    assert len(never_back(record.case())[1]) == 1


@pytest.mark.parametrize("facts", [{"fault": "f:slow_applied"}, {"status": 500}, {"status": None}])
def test_a_write_of_doubtful_course_is_not_asked(facts: dict[str, Any]) -> None:
    assert never_back(life().shown(PART).shown(DUE, **facts).case()) == (2, [])


def test_what_cannot_be_compared_is_not_asked() -> None:
    assert outcomes(Case(agreeing_books()))["I6"] == "not applicable"
    assert outcomes(Record().changed().told(DUE).case())["I6"] == "not applicable"
    assert outcomes(Record().changed().told(DUE).shown(PAID).case())["I6"] == "unknown"
