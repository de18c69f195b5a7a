"""Rows of the cloud ERP with anything in them: each is followed or waits for a person with a reason; others go on."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synccore.ports.rows import Row
from synccore.processes.intake import UNREADABLE
from synccore.processes.polls import CloudPayments
from synccore.systems.erp_cloud_values import changed
from tests.synccore.experience.desks import Office

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "40"))
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-13-01 00:00:00"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2), max_leaves=4,
)  # fmt: skip
MEMBERS = ("id", "externalid", "entity", "type", "customer", "modified")
ROW = ODD | st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBERS, ODD))
SOUND = {"id": "900", "externalid": None, "entity": "7", "type": "CustPymt", "customer": "CB-001000000000001AAA-US",
         "modified": "2026-01-05 09:00:00"}  # fmt: skip


class Cloud:
    def __init__(self, *bodies: Any) -> None:
        self._bodies = bodies

    async def changed_payments(self, since: str) -> list[Row]:
        del since
        return [changed(body) for body in self._bodies]

    async def deleted_payments(self, since: str) -> list[Row]:
        del since
        return []


def followed(*bodies: Any, rounds: int = 1) -> tuple[list[str], set[str], list[str]]:
    """Keys of the stored signals, subjects of the work, and the reasons that people see."""

    async def flight() -> tuple[list[str], set[str], list[str]]:
        office = Office()
        ticker = CloudPayments(replace(office.core.context, cloud=Cloud(*bodies)))  # type: ignore[arg-type]
        for _ in range(rounds):
            await ticker()
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
@given(body=ROW)
def test_whatever_comes_what_comes_behind_it_goes_on(body: Any) -> None:
    keys, subjects, _ = followed(body, SOUND)
    assert "900@2026-01-05 09:00:00" in keys and "NS-900" in subjects
    assert len(keys) <= 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**SOUND, "id": None}, "without an id"), (7, "without an id"), ({}, "without an id"),
        ({**SOUND, "id": "901", "modified": "yesterday"}, "'yesterday' is no time stamp"),
        ({**SOUND, "id": "901", "modified": None}, "'' is no time stamp"),
    ],
)  # fmt: skip
def test_it_waits_for_a_person_once_with_the_reason(body: Any, said: str) -> None:
    keys, _, reasons = followed(body, SOUND, rounds=3)
    assert len(keys) == 2 and any(key.startswith(UNREADABLE) for key in keys)
    assert len(reasons) == 1 and said in reasons[0], reasons
