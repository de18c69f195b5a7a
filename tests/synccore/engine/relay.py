"""One worker of several over one store, to be killed or stopped in its middle: `… relay FOLDER URL NAME [WORK …]`.

Each piece of work is a write into one target, a file, which waits within its step for a sign (`go`).
"""

import asyncio
import dataclasses
import sys
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from synccore import bootstrap
from synccore.ports.engine import Run
from synccore.ports.outcomes import Later
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.writes import Write, level
from tests.synccore.worlds import environment

SOON_S = 0.8  # what takes a minute in production


class Relay:
    """The process `relay`: each piece of work is to be written once, whoever does it."""

    def __init__(self, folder: Path, name: str, ctx: Context) -> None:
        self._target, self._go, self._name, self._ctx = folder / "target", folder / "go", name, ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        await run.step("write", partial(self._when_told, argument))

    async def _when_told(self, key: str) -> Any:
        print(f"{self._name} has {key}", flush=True)
        while not self._go.exists():
            await asyncio.sleep(0.02)
        try:
            reference = await self._write(key)
        except Later:
            print(f"{self._name} may not write {key}", flush=True)
            raise
        print(f"{self._name} wrote {key}", flush=True)
        return reference

    async def _write(self, key: str) -> Any:
        """A level, which each worker would have otherwise: who comes last overwrites."""

        async def append(_: Any) -> str:
            with self._target.open("a") as file:
                file.write(f"{key} by {self._name}\n")
            return key

        async def current() -> Found | None:
            return Found(key) if any(line.startswith(key) for line in self._target.open()) else None

        return await level(self._ctx, Write(key, "target", "put", "test", self._name), current, append, append)


def add(unit: Unit, subject: str) -> str:
    """A piece of work of a customer of its own."""
    return unit.work.add("relay", f"customer-{subject}", subject, subject, 0.0, "test")


async def main(folder: Path, url: str, name: str, subjects: list[str]) -> None:
    """Until all are called home."""

    def change(parts: bootstrap.Parts) -> bootstrap.Parts:
        return dataclasses.replace(
            parts, processes=lambda ctx: {"relay": Relay(folder, name, ctx)}, tickers=lambda _: [], lost_after_s=SOON_S
        )

    given = {"executor": name, "concurrency": "1" if subjects else "2", "dispatch_s": "0.1"}
    settings = bootstrap.settings_of(environment(database_url=url, **given))
    core = bootstrap.build(settings, bootstrap.live(settings), change)
    await core.start()
    await core.database.run(lambda unit: [add(unit, subject) for subject in subjects])
    await core.kick()
    while not (folder / "home").exists():
        await asyncio.sleep(0.05)
    await core.close()


if __name__ == "__main__":
    bootstrap.configure_logs("warning")
    dispatch, holding = "synccore.engine.dispatch", "synccore.engine.holding"
    with (
        patch(f"{dispatch}.PAUSE_S", SOON_S), patch(f"{holding}.BEAT_S", 0.2),
        patch("synccore.processes.writes.LEASE_S", SOON_S / 2),
    ):  # fmt: skip
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
