"""Rows of SOQL with anything in them: each is taken or waits for a person with a reason, and stops no other."""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synccore.domain.deals import Deal
from synccore.ports.systems import Drifted, Row
from synccore.processes.intake import UNREADABLE, take_all
from synccore.processes.polls import AHEAD_S, PlatformEvents, SalesforceChanges, instant
from synccore.systems import salesforce_values
from tests.broken.alter import Altered
from tests.synccore.experience.desks import Office
from tests.synccore.experience.test_edits import drained

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "40"))
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-13-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2), max_leaves=4,
)  # fmt: skip
STAMP = "2026-01-05T09:00:00.000+0000"
SOUND = {"attributes": {"type": "Opportunity"}, "Id": "006000000000009AAA", "AccountId": "001000000000001AAA",
         "SystemModstamp": STAMP, "Name": "Deal", "IsWon": True, "Amount": 10, "CloseDate": "2026-01-05"}  # fmt: skip
ROW = ODD | st.fixed_dictionaries({}, optional=dict.fromkeys(SOUND, ODD)).map(lambda row: SOUND | row) | (
    st.fixed_dictionaries({}, optional=dict.fromkeys(SOUND, ODD))
)  # fmt: skip


def looked(office: Office, *bodies: Any) -> SalesforceChanges:
    async def deals(_since: str) -> list[Row]:
        return [salesforce_values.row(body, ()) for body in bodies]

    async def accounts(_since: str) -> list[Row]:
        return []

    ctx = office.core.context
    ctx.salesforce = Altered(ctx.salesforce, {"changed_deals": deals, "changed_accounts": accounts})
    return SalesforceChanges(ctx)


def subjects(office: Office) -> Any:
    return office.core.database.run(lambda unit: [item.subject for item in unit.work.open()])


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(body=ROW)
def test_whatever_comes_what_comes_behind_it_goes_on(body: Any) -> None:
    async def flight() -> None:
        office = Office()
        await looked(office, body, SOUND).look()
        found = await subjects(office)
        assert SOUND["Id"] in found and len(found) <= 3
        cursor = await office.core.database.run(lambda unit: unit.cursors.get("salesforce/Opportunity"))
        assert cursor is not None and instant(cursor) <= max(office.clock.at + AHEAD_S, instant(STAMP))

    asyncio.run(flight())


@pytest.mark.parametrize(
    ("body", "said"),
    [({**SOUND, "Id": None}, "without an id"), (7, "without an id"), ({}, "without an id"),
     ({**SOUND, "Id": "006X", "SystemModstamp": "yesterday"}, "'yesterday' is no time stamp")],
)  # fmt: skip
def test_it_waits_for_a_person_once_with_the_reason_and_can_be_put_right(body: Any, said: str) -> None:
    async def flight() -> None:
        office = Office()
        office.clock.at = instant(STAMP)
        poll = looked(office, body, SOUND)
        for _ in range(3):
            await poll.look()
        await drained(office, "order-activation")
        signals = await office.core.database.run(lambda unit: unit.inbox.find("", "", 0.0, 1e12, 10))
        assert [signal.key.startswith(UNREADABLE) for signal in signals] == [True, False]
        async with office.client() as client:
            (one,) = (await client.get("/exceptions")).json()
            assert said in one["reason"] and "edit" in one["actions"]
            right = {"row": {"id": "006000000000001AAA", "modified": STAMP, "AccountId": "001000000000001AAA"}}
            await client.post(f"/exceptions/{one['id']}/edit", json={"changes": right})
            await drained(office, "order-activation")
            assert (await client.get(f"/exceptions/{one['id']}")).json()["state"] == "resolved"
        assert "006000000000001AAA" in await subjects(office)

    asyncio.run(flight())


@pytest.mark.parametrize("stamp", ["2999-01-01T00:00:00.000+0000", "9999-12-31T23:59:59.000+0000"])
def test_a_stamp_of_next_century_does_not_hide_all_until_then(stamp: str) -> None:
    async def flight() -> None:
        office = Office()
        office.clock.at = instant(STAMP)
        await looked(office, {**SOUND, "Id": "006000000000001AAA", "SystemModstamp": stamp}).look()
        cursor = await office.core.database.run(lambda unit: unit.cursors.get("salesforce/Opportunity"))
        assert cursor is not None and instant(cursor) == office.clock.at + AHEAD_S

    asyncio.run(flight())


def test_nor_does_an_event_of_the_platform() -> None:
    async def flight() -> None:
        office = Office()
        feed = PlatformEvents(office.core.context)
        event = {"id": "ev_1", "event_type": "x", "occurred_at": 10**15, "content": {}}
        await feed._take([event], "")
        assert feed._cursor == int(office.clock.at + AHEAD_S)
        assert await take_all(office.core.context, [event]) == 0, "it is kept all the same"

    asyncio.run(flight())


@settings(max_examples=EXAMPLES * 2, deadline=None, derandomize=True, database=None)
@given(row=st.fixed_dictionaries({"Id": st.just("006X")}, optional={
    **dict.fromkeys(("Account", "Amount", "CloseDate", "OpportunityLineItems", "Contract_Term_Months__c", "Contract",
                     "CurrencyIsoCode", "Type"), ODD),
    "OpportunityLineItems": ODD | st.fixed_dictionaries({"records": st.lists(ODD, max_size=2)}),
}))  # fmt: skip
def test_a_deal_is_read_or_is_drift(row: dict[str, Any]) -> None:
    try:
        assert isinstance(salesforce_values.deal(row), Deal)
    except Drifted as drift:
        assert drift.record.startswith("Opportunity") and drift.came
