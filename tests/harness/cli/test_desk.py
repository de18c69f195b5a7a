"""`windtunnel exceptions` and `letters` against a running sandbox: a deal that parks is cared for, mapped and done."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.events import EventStream
from harness.runner import run_story
from harness.scenario import load_world
from harness.scenario.values import moment
from harness.stack.home import Lock, save_state
from harness.stack.launch import Plan, launch
from tests.broken import stories

PARKS = stories.story(
    "unregistered",
    "customer: {id: merlion, name: Merlion Freight, entity: SG, country: SG, city: Singapore, pays_by: transfer}",
    "deal: {id: merlion-1, customer: merlion, lines: [{sku: PLAT-ANNUAL, quantity: 6}]}", "close: merlion-1", "settle",
    expect="expect: {exceptions: [missing_tax_profile]}",
)  # fmt: skip


async def windtunnel(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness.cli", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "180"},
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


@pytest.mark.live
def test_what_waits_for_a_person_is_listed_cared_for_and_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))

    async def sandbox() -> None:
        async with launch(Plan(load_world("default"), moment("2026-01-05T09:00:00Z"), tmp_path / "stack")) as stack:
            facts = {"pid": os.getpid(), "world": "default", "secret": stack.secret.to_json()}
            save_state({**facts, **stack.addresses.to_state()})
            code, out, _ = await windtunnel("exceptions", "list")
            assert code == 0 and "nothing waits for a person" in out
            await run_story(PARKS, stack.world, EventStream(stack.world.now), replay=False)
            code, out, _ = await windtunnel("exceptions", "list", "--json")
            (one,) = json.loads(out)
            assert (code, one["kind"], one["notes"]) == (0, "missing_tax_profile", [])
            await cared_for(one)
            code, out, error = await windtunnel("exceptions", "abandon", one["id"], "--why", "the deal was a test")
            assert code == 0 and "abandoned" in out, error
            code, _, error = await windtunnel("exceptions", "retry", one["id"])
            assert code == 2 and "is abandoned already" in error
            code, out, _ = await windtunnel("letters", "list")
            assert code == 0 and "no dead letters" in out

    async def cared_for(one: dict[str, Any]) -> None:
        code, out, error = await windtunnel("exceptions", "assign", one["id"], "--to", "mia", "--tag", "march")
        assert code == 0 and "(mia)" in out, error
        code, out, _ = await windtunnel("exceptions", "note", one["id"], "asked sales")
        assert code == 0 and "asked sales" in out
        code, out, _ = await windtunnel("exceptions", "list", "--tag", "march", "--assignee", "mia")
        assert code == 0 and one["id"] in out and "#march" in out
        code, out, _ = await windtunnel("exceptions", "list", "--tag", "april")
        assert code == 0 and "nothing waits" in out
        code, out, _ = await windtunnel("exceptions", "retry", one["id"])
        assert code == 0 and "due now" in out

    lock = Lock(tmp_path).take("test")
    try:
        asyncio.run(sandbox())
    finally:
        lock.release()
