"""I19 holds on writes that the trail explains, and turns red on each single edit of either."""

import hashlib
import json
from typing import Any

import pytest

from harness.checkers import Case
from harness.events import RunEvent
from tests.harness.test_checkers import agreeing_books, outcomes

WRITES = (("salesforce", "bill", "US-1", "bill:US-1"), ("erp_cloud", "invoice", "CBINV-US-1", "bill:US-1"),
          ("salesforce", "receipt", "CB:txn1/US-1", "payment:CB:txn1"))  # fmt: skip


def trace(cause: str, key: str) -> str:
    return f"00-{cause}-{key}-01"


def trail() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    heads = dict.fromkeys(("salesforce", "erp_cloud"), "")
    for sequence, (target, what, name, cause) in enumerate(WRITES, start=1):
        key = f"{target}/{what}/{name}"
        said = [heads[target], key, target, what, cause, name, 5.0]
        text = json.dumps(said, separators=(",", ":"), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        rows.append({
            "sequence": sequence, "key": key, "target": target, "operation": what, "cause": cause, "reference": name,
            "at": 5.0, "previous": heads[target], "hash": digest, "traceparent": trace(cause, key),
        })  # fmt: skip
        heads[target] = digest
    return rows


def call(system: str, operation: str, target: str, traceparent: str, **facts: Any) -> RunEvent:
    told = {"system": system, "operation": operation, "method": "POST", "target": target, "status": 200, "fault": None,
            "body": "", "answer": "", "headers": {"traceparent": traceparent}}  # fmt: skip
    return RunEvent(1, 4.0, "call", told | facts)


def calls() -> list[RunEvent]:
    return [
        call(target, f"upsert:{what}", f"/{what}/{name.replace('/', '%2F')}", trace(cause, f"{target}/{what}/{name}"))
        for target, what, name, cause in WRITES
    ]


def said(rows: list[dict[str, Any]] | None, made: list[RunEvent], **facts: Any) -> str:
    case = Case(agreeing_books(), trail=None if rows is None else tuple(rows), calls=tuple(made), **facts)
    return outcomes(case)["I19"]


def test_writes_that_the_trail_explains_hold() -> None:
    people = call("salesforce", "create:Account", "/Account", "", headers={"user-agent": "windtunnel"})
    refused = call("salesforce", "upsert:bill", "/bill/US-2", "", status=400)
    look = call("erp_cloud", "suiteql", "/suiteql", "")
    assert said(trail(), [*calls(), people, refused, look]) == "holds"
    assert said(None, calls()) == said([], []) == said(trail(), calls(), set_back=True) == "not applicable"


def test_what_is_not_certain_yet_is_told_elsewhere() -> None:
    lost = call("salesforce", "upsert:bill", "/bill/US-2", "x", status=None, fault="f:lost_answer")
    assert said(trail(), [*calls(), lost]) == "broken"
    row = {"target": "salesforce", "key": "salesforce/bill/US-2", "cause": "bill:US-2", "traceparent": "x"}
    assert said(trail(), [*calls(), lost], unresolved=(row,)) == "holds"


@pytest.mark.parametrize(("bill", "expected"), [("US-1", "holds"), ("US-2", "broken")])
def test_a_write_for_a_deal_may_name_no_more_than_a_bill_of_it(bill: str, expected: str) -> None:
    """Its answer would have said more, and nobody could read it."""
    row = {"target": "subscriptions", "key": "subscriptions/correction/1", "cause": "opportunity:006A",
           "traceparent": "x"}  # fmt: skip
    given_back = call("subscriptions", "credit_note.create", "/credit_notes", "x", body=f"reference_invoice_id={bill}")
    assert said(trail(), [*calls(), given_back], unresolved=(row,)) == expected


def test_what_another_write_brought_about_is_named_by_it() -> None:
    told, made = trail(), calls()
    assert said(told, made[1:]) == "holds", "the payment's write names its bill too"
    del made[1]
    assert said(told, made) == "broken", "nothing was written to the ledger"


@pytest.mark.parametrize("entry", [0, 1])
@pytest.mark.parametrize(
    "edit", [{"cause": "bill:US-9"}, {"reference": "other"}, {"at": 6.0}, {"previous": "0"}, {"hash": "0"}]
)
def test_an_edited_entry_does_not_verify(edit: dict[str, Any], entry: int) -> None:
    told = trail()
    told[entry] |= edit
    assert said(told, calls()) == "broken"


def test_a_lost_entry_is_missed() -> None:
    told = trail()
    del told[0]
    assert said(told, calls()) == "broken", "the one behind it hangs in the air, and a call belongs to nobody"
    assert said(trail()[:2], calls()) == "broken", "the last one is missed by its call alone"


def test_what_a_proxy_sent_twice_was_written_though_the_repetition_was_refused() -> None:
    made = calls()
    made[1] = call("erp_cloud", "create:invoice", "/invoice", made[1].facts["headers"]["traceparent"], status=400)
    assert said(trail(), made) == "broken"
    made[1].facts["fault"] = "f:repeat"
    assert said(trail(), made) == "holds"


def test_a_call_of_no_write_or_of_another_is_told() -> None:
    nobody = call("salesforce", "upsert:bill", "/bill/US-1", "")
    assert said(trail(), [*calls(), nobody]) == "broken"
    elsewhere = call("subscriptions", "upsert:bill", "/bill/US-1", calls()[0].facts["headers"]["traceparent"])
    assert said(trail(), [*calls(), elsewhere]) == "broken"
    of_another = call("salesforce", "upsert:bill", "/bill/US-7", calls()[0].facts["headers"]["traceparent"])
    assert said(trail(), [*calls(), of_another]) == "broken"
