"""Why a run did not hold, found out by a child process that flies the story again."""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness.api.problem import Problem
from harness.api.runs import Run
from harness.stack.process import dies_with_parent


async def explained(run: Run) -> dict[str, Any]:
    """As `windtunnel explain --json`; Problem 409 for a run that goes on or failed, 422 for a live one."""
    if run.asked["mode"] != "sim":
        raise Problem(422, "only a run in simulation can be flown again and explained")
    if run.state != "done":
        raise Problem(409, f"run {run.id} has no verdict to explain: it is {run.state}")
    with tempfile.TemporaryDirectory(prefix="explain-") as folder:
        story = Path(folder) / f"{run.asked['name']}.yaml"
        story.write_text(run.asked["text"], encoding="utf-8")
        words = ("explain", str(story), "--seed", run.asked["seed"], "--json")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "harness.cli", *words, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=dict(os.environ),
            preexec_fn=dies_with_parent,
        )  # fmt: skip
        out, error = await process.communicate()
    try:
        told: dict[str, Any] = json.loads(out)
    except ValueError:
        raise Problem(500, f"the run could not be explained: {error.decode('utf-8', 'replace')[-500:]}") from None
    return told
