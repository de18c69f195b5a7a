"""`windtunnel reconcile` against a running sandbox: agreement, a planted break, a dead core; exit codes 0, 1, 3."""

import asyncio
import csv
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


async def windtunnel(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness.cli", "reconcile", *words, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "180"},
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


@pytest.mark.live
def test_reconcile_agrees_names_a_planted_edit_and_is_unknown_without_a_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))
    story = stories.drifted()

    async def sandbox() -> None:
        async with launch(Plan(load_world("default"), moment("2026-01-05T09:00:00Z"), tmp_path / "stack")) as stack:
            facts = {"pid": os.getpid(), "world": "default", "secret": stack.secret.to_json()}
            save_state({**facts, **stack.addresses.to_state()})
            code, out, _ = await windtunnel()
            assert code == 3 and "nothing to compare yet" in out
            result = await run_story(story, stack.world, EventStream(stack.world.now), replay=False)
            assert result.outcome == "holds", result.findings
            code, out, _ = await windtunnel("--json", "--csv", str(tmp_path / "report.csv"))
            report: dict[str, Any] = json.loads(out)
            assert code == 1 and report["previous"]
            assert [(row["code"], row["system"], row["amount"]) for row in report["breaks"]] == [
                ("edited", "erp_cloud", -1)
            ]
            with (tmp_path / "report.csv").open(newline="") as file:
                assert next(csv.DictReader(file))["document"] == report["breaks"][0]["document"]
            code, out, _ = await windtunnel("--heal", "--html", str(tmp_path / "report.html"))
            assert code == 1 and "being written anew" not in out, "a posting is a fact"
            page = (tmp_path / "report.html").read_text()
            assert "edited in erp_cloud" in page and report["hash"] in page, "chained to the one before"
            code, out, _ = await windtunnel("--verify", "--json")
            assert code == 0 and json.loads(out)["broken"] == [] and json.loads(out)["reports"] >= 3
            await stack.world.kill_core()
            code, _, error = await windtunnel()
            assert code == 3 and "the core does not answer" in error and "Traceback" not in error

    lock = Lock(tmp_path).take("test")
    try:
        asyncio.run(sandbox())
    finally:
        lock.release()
