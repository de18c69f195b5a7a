"""A whole sandbox is kept, put back and branched off: books, clock, chance, and the core with its memory."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from harness.api.app import api
from harness.api.sandbox import Sandbox
from harness.cli import app
from harness.drivers import perform
from harness.evidence import all_books
from harness.scenario import Step, load_world, read_story
from harness.scenario.values import moment
from harness.stack import snapshots
from harness.stack.launch import Plan, Stack, core_folder, launch
from harness.stack.problem import StackProblem

STEPS = read_story("""
story: sold
title: One deal is won before the snapshot, one after it
steps:
  - customer: {id: lake, name: Lakeside Logistics, entity: US, country: US, state: IL, city: Chicago, pays_by: transfer}
  - deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}
  - deal: {id: lake-2, customer: lake, lines: [{sku: ONBOARD, quantity: 2}]}
  - close: lake-1
  - settle
  - close: lake-2
  - settle
""").steps
SOLD, MORE = STEPS[:5], STEPS[5:]


async def play(sandbox: Sandbox, steps: Sequence[Step]) -> None:
    for step in steps:
        await perform(sandbox.stage, step)


async def books(stack: Stack) -> dict[str, Any]:
    return {name: {**book, "at": 0} for name, book in (await all_books(stack.world)).items()}


def bills(found: dict[str, Any]) -> list[str]:
    return [row["id"] for row in found["subscriptions"]["document"] if row["object"] == "invoice"]


def posted(found: dict[str, Any]) -> list[str]:
    return [row["externalId"] for row in found["erp_cloud"]["document"] if row["object"] == "invoice"]


@pytest.mark.live
def test_a_sandbox_is_kept_put_back_and_branched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))
    company = load_world("default")
    plan = Plan(company, moment("2026-01-05T09:00:00Z"), tmp_path / "first")

    async def story() -> None:
        async with launch(plan) as stack:
            first = Sandbox(stack)
            ask = httpx.AsyncClient(
                transport=httpx.ASGITransport(api(first, "t")),
                base_url="http://api",
                headers={"authorization": "Bearer t"},
            )
            await play(first, SOLD)
            then, offer = await books(stack), first.stage.offers["lake-2"]
            told = (await ask.put("/snapshots/sold")).json()
            assert told["name"] == "sold" and [told["name"]] == [
                one["name"] for one in (await ask.get("/snapshots")).json()
            ]
            kept = snapshots.snapshot("sold")
            await play(first, MORE)
            await stack.world.move(kept.now + 7_200)
            later = await books(stack)
            assert (len(bills(then)), len(bills(later))) == (1, 2)

            assert (await ask.post("/snapshots/gone/restore")).status_code == 404
            assert (await ask.post("/snapshots/sold/restore")).status_code == 200
            assert await books(stack) == then and kept.now <= stack.world.now() < kept.now + 3_600
            assert not first.stage.offers  # who was met since then is unknown again
            await first.books()
            first.stage.offers["lake-2"] = offer
            await play(first, MORE)
            again = await books(stack)
            assert bills(again) == bills(later) and posted(again) == posted(later)  # chance is put back as well

            elsewhere = Plan(company, kept.now, tmp_path / "second", origin=kept)
            async with launch(elsewhere) as branch:
                assert bills(await books(branch)) == bills(then)
                second = Sandbox(branch)
                second.stage.offers["lake-2"] = offer
                await play(second, MORE)
                assert posted(await books(branch)) == posted(again)  # by its own core, which has the first one's memory
                assert await books(stack) == again  # what happens in one is not seen in the other
                with pytest.raises(StackProblem, match="is of world"):
                    await snapshots.restore(branch.world, kept, "other", core_folder(elsewhere))

    asyncio.run(story())


def test_names_and_folders_of_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))
    assert snapshots.snapshots() == []
    for name in ("../x", "", ".hidden"):
        with pytest.raises(StackProblem, match="is no name"):
            snapshots.place(name)
    for words in (("branch", "gone", "--into", str(tmp_path / "b")), ("delete", "gone")):
        assert "there is no snapshot 'gone'" in str(CliRunner().invoke(app, ["snapshot", *words]).exception)
    assert "no sandbox is running here" in str(CliRunner().invoke(app, ["snapshot", "save", "a"]).exception)
    assert "nothing is kept here" in CliRunner().invoke(app, ["snapshot", "list"]).stdout
