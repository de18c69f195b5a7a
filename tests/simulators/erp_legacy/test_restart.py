"""The batch server goes down at every boundary and in the middle of every step: restarted, nothing happens twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simulators.erp_legacy.batch import STEPS

from .partner import Bill, customer, payment
from .world import World, story

KUNNR = "0000100001"
NAMES = [step.name for step in STEPS]


async def arrivals(world: World) -> None:
    await world.send("CUST", 1, customer("1", KUNNR), customer("2", "0000100002"))
    await world.send("BILL", 1, Bill("SG-000001").idoc("3"), Bill("SG-000002").idoc("4"),
                     Bill("SG-000003", kunnr="0000999999").idoc("5"))  # fmt: skip
    await world.send("PAY", 1, payment("KA1", "1744.00", "SG-000001", sender="BANK01").idoc("6"), user="bank01",
                     sender="BANK01")  # fmt: skip
    await world.put("BILL_SUBHUB_20260105_000009", b"no", b"no")


async def picture(world: World) -> dict[str, Any]:
    """Everything that a partner and an auditor can see."""
    files = {}
    for user in ("subhub", "bank01"):
        for folder in ("inbound", "outbound", "archive", "error"):
            for name in await world.drop.listdir(user, folder):
                files[user, folder, name] = await world.drop.read(user, f"/{folder}/{name}")
    return {"books": world.erp.books(), "files": files}


def undisturbed() -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        world = World()
        await arrivals(world)
        await world.run()
        return await picture(world)

    return asyncio.run(run())


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return undisturbed()


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("step", NAMES)
def test_an_aborted_run_ends_like_an_undisturbed_one(step: str, when: str, expected: dict[str, Any]) -> None:
    async def body(world: World) -> None:
        await arrivals(world)
        await world.act("break_step", step=step, when=when)
        aborted = await world.run()
        assert aborted["state"] == "aborted" and NAMES[aborted["step"]] == step
        done = await world.act("restart_window")
        assert (done["id"], done["state"]) == (aborted["id"], "done")
        assert await picture(world) == expected
        with pytest.raises(ValueError, match="no run"):
            await world.act("restart_window")

    story(body)


class PowerCut(Exception):
    """What no code of the simulator expects."""


def cut_power(world: World, at_call: int) -> None:
    """The n-th transaction from now on never commits, and the process ends."""
    store, calls = world.erp.store, 0
    put = store.put

    def dying(kind: str, doc: dict[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if calls == at_call:
            raise PowerCut
        put(kind, doc)

    store.put = dying  # type: ignore[method-assign]


@pytest.mark.parametrize("at_call", [1, 2, 5, 9, 14, 20, 27, 35, 39, 44, 54, 60, 65, 77, 90])
def test_a_killed_process_goes_on_from_its_stored_data(at_call: int, tmp_path: Path, expected: dict[str, Any]) -> None:
    async def first() -> bool:
        world = World(tmp_path)
        await arrivals(world)
        cut_power(world, at_call)
        try:
            await world.run()
        except PowerCut:
            return True
        finally:
            world.erp.store.close()
        return False

    async def second() -> None:
        world = World(tmp_path)
        if world.erp.store.find("run"):
            await world.act("restart_window")
        else:
            await world.run()
        world.check_books()
        assert await picture(world) == expected
        world.erp.store.close()

    assert asyncio.run(first()), "the cut must be hit"
    asyncio.run(second())


def test_a_process_killed_between_the_nights_steps_finishes_the_night(tmp_path: Path) -> None:
    async def first() -> None:
        world = World(tmp_path)
        await arrivals(world)
        await world.until("2026-01-05T23:30")
        assert world.erp.store.find("run")[0]["state"] == "running"
        world.erp.store.close()

    async def second() -> None:
        world = World(tmp_path)
        await world.until("2026-01-06T09:00")
        assert [run["state"] for run in world.erp.store.find("run")] == ["done"]
        assert len(world.documents("DR")) == 2 and len(world.documents("DZ")) == 1
        world.check_books()

    asyncio.run(first())
    asyncio.run(second())


def test_the_next_night_first_finishes_the_last_one() -> None:
    async def body(world: World) -> None:
        await arrivals(world)
        await world.act("break_step", step="post", when="during")
        await world.until("2026-01-06T09:00")
        assert [run["state"] for run in world.erp.store.find("run")] == ["aborted"]
        await world.until("2026-01-07T09:00")
        assert [run["state"] for run in world.erp.store.find("run")] == ["done", "done"]
        assert len(world.documents("DR")) == 2

    story(body)


def test_large_files_are_read_in_pieces_and_go_on_where_they_stopped() -> None:
    async def body(world: World) -> None:
        customers = [customer(str(number), f"{number:010d}") for number in range(1, 451)]
        await world.send("CUST", 1, *customers)
        await world.act("break_step", step="create", when="during")
        await world.run()
        assert len(world.erp.store.find("idoc")) == 200
        done = await world.act("restart_window")
        assert done["idocs"] == done["posted"] == 450
        assert len(world.erp.store.find("kna1")) == 450

    story(body)


def test_snapshot_and_restore_hold_for_files_and_books() -> None:
    async def body(world: World) -> None:
        await arrivals(world)
        image = world.erp.store.snapshot()
        await world.run()
        after = await picture(world)
        world.erp.restore(image)
        assert world.documents() == [] and await world.drop.listdir("subhub", "/outbound") == []
        await world.run()
        assert await picture(world) == after

    story(body)
