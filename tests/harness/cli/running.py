"""A sandbox that is running as `windtunnel up` leaves it, and the command as another process beside it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from harness.scenario import load_world
from harness.scenario.values import moment
from harness.stack.home import Lock, save_state
from harness.stack.launch import Plan, Stack, launch


async def windtunnel(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness.cli", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "180"},
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


@asynccontextmanager
async def sandbox(home: Path) -> AsyncIterator[Stack]:
    """The default world, held under the lock of `home`, which WINDTUNNEL_HOME must name."""
    lock = Lock(home).take("test")
    try:
        async with launch(Plan(load_world("default"), moment("2026-01-05T09:00:00Z"), home / "stack")) as stack:
            facts = {"pid": os.getpid(), "world": "default", "secret": stack.secret.to_json()}
            save_state({**facts, **stack.addresses.to_state()})
            yield stack
    finally:
        lock.release()
