"""Events of the platform with anything in them: each is taken up or waits for a person with a reason; others go on."""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synccore.processes.intake import HANDLERS, UNREADABLE, take_all
from tests.synccore.experience.desks import Office

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "40"))
MEMBERS = ("invoice", "transaction", "credit_note", "subscription", "contract_term", "customer")
WITHIN = ("id", "status", "type", "line_items", "linked_payments", "linked_credit_notes", "subscription_id", "total",
          "customer_id", "currency_code", "contract_term", "subscription_items", "resource_version", "reference_number",
          "date", "amount", "tax")  # fmt: skip
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(10**400) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2), max_leaves=4,
)  # fmt: skip
ROW = ODD | st.fixed_dictionaries({"id": st.just("X-1") | ODD}, optional=dict.fromkeys(WITHIN[1:], ODD))
EVENT = st.fixed_dictionaries({
    "id": st.just("ev_1"), "event_type": st.sampled_from(sorted(HANDLERS)), 
    "occurred_at": st.just(1000) | st.integers(),
    "content": st.dictionaries(st.sampled_from(MEMBERS), ROW, max_size=3),
})  # fmt: skip
BILL = {
    "id": "US-2",
    "customer_id": "001000000000001AAA-US",
    "status": "payment_due",
    "total": 1,
    "currency_code": "USD",
}
SOUND = {"id": "ev_2", "event_type": "invoice_generated", "occurred_at": 1000, "content": {"invoice": BILL}}


def taken(*bodies: Any) -> tuple[list[str], set[str], list[str]]:
    """Keys of the stored signals, subjects of the work, and the reasons that people see."""

    async def flight() -> tuple[list[str], set[str], list[str]]:
        office = Office()
        await take_all(office.core.context, bodies)
        await office.core.kick()
        for run, (process, *_) in list(office.engine.known.items()):
            if process != "event-telling":
                office.engine.states[run] = "done"  # the systems do not answer here
        await office.engine.drain()
        database = office.core.database
        signals = await database.run(lambda unit: unit.inbox.find("", "", 0.0, 1e12, 10))
        work = await database.run(lambda unit: unit.work.open())
        reasons = [one.reason for one in await database.run(lambda unit: unit.exceptions.list("open"))]
        return [signal.key for signal in signals], {item.subject for item in work}, reasons

    return asyncio.run(flight())


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(body=EVENT | ODD)
def test_whatever_comes_is_kept_and_what_comes_behind_it_goes_on(body: Any) -> None:
    keys, subjects, _ = taken(body, SOUND)
    assert len(keys) == 2 and "ev_2" in keys
    assert "US-2" in subjects


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "not an object"),
        ({"id": "ev\x00", "event_type": "x", "occurred_at": 1, "content": {}}, "printable"),
        ({**SOUND, "id": "ev_1", "content": {"invoice": {**BILL, "id": "X-1", "line_items": [1]}}}, "AttributeError"),
        ({**SOUND, "id": "ev_1", "occurred_at": 10**400}, "OverflowError"),
        ({"id": "ev_1", "event_type": "payment_refunded", "occurred_at": 1,
          "content": {"transaction": {"id": "t", "linked_credit_notes": 7}}}, "TypeError"),
    ],
)  # fmt: skip
def test_it_waits_for_a_person_with_the_reason(body: Any, said: str) -> None:
    keys, _, reasons = taken(body, SOUND)
    assert len(reasons) == 1 and said in reasons[0], reasons
    assert len(keys) == 2 and (keys[0] == "ev_1" or any(key.startswith(UNREADABLE) for key in keys))
