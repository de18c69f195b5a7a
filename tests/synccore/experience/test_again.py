"""Doing things again: signals that are chosen, and work that goes on from a step."""

import asyncio
from typing import Any

from synccore.ports.stores import Signal
from tests.synccore.experience.desks import Office, token
from tests.synccore.experience.test_api import problem


def test_signals_are_chosen_by_kind_beginning_of_the_key_and_customer() -> None:
    async def story() -> None:
        office = Office()
        for number in range(3):
            row = {"Id": f"00600000000000{number}AAA", "AccountId": f"00100000000000{number % 2}AAA", "IsWon": "True"}
            signal = Signal("salesforce", f"{row['Id']}@stamp@digest", "Opportunity.changed", row, 1.0)
            await office.core.database.run(lambda unit, signal=signal: unit.inbox.accept(signal))
        other = Signal("salesforce", "001@stamp", "Account.changed", {"Id": "001000000000000AAA"}, 1.0)
        await office.core.database.run(lambda unit: unit.inbox.accept(other))
        async with office.client() as client:

            async def replayed(**order: Any) -> tuple[int, int]:
                answer = (await client.post("/replay", json=order)).json()
                return answer["signals"], answer["work"]

            assert await replayed(kind="Opportunity.changed") == (3, 3)
            assert await replayed(key="AAA@stamp") == (0, 0), "how it begins, not what is in it"
            assert await replayed(key="00600000000000") == (3, 3)
            assert await replayed(customer="001000000000000AAA") == (4, 2)
            assert await replayed(customer="001000000000001AAA", kind="Opportunity.changed") == (3, 1)
        work = await office.core.database.run(lambda unit: unit.work.open())
        assert len(work) == 3

    asyncio.run(story())


def test_work_is_run_again_from_a_step_that_its_run_took() -> None:
    async def story() -> None:
        office = Office()
        work = await office.add("post", "inv-1", {"sku": "A"})
        async with office.client() as client:
            problem(await client.get("/work-items/w9999999999/steps"), 404)
            taken = (await client.get(f"/work-items/{work}/steps")).json()
            assert (taken["run"], [step["name"] for step in taken["steps"]]) == (f"{work}.001", ["look"])
            unknown = await client.post(f"/work-items/{work}/rerun", json={"step": "post"})
            problem(unknown, 422)
            assert "its steps are look" in unknown.json()["detail"]
            problem(await client.post(f"/work-items/{work}/rerun", json={"step": "look"}, headers=token("viewer")), 403)
            again = await client.post(f"/work-items/{work}/rerun", json={"step": "look"})
            assert again.json() == {"id": work, "changed": True, "note": "due now, from look on"}
            problem(await client.post(f"/work-items/{work}/rerun", json={"step": "look"}), 409)
            await office.engine.drain()
            assert (await client.get(f"/work-items/{work}/steps")).json()["run"] == f"{work}.003"
        audit = await office.core.database.run(lambda unit: unit.audit.of_subject("acc1"))
        assert [entry.action for entry in audit] == ["work.rerun"]

    asyncio.run(story())
