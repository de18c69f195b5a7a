"""A real core with one small process, to be killed in its middle: `python -m tests.synccore.engine.worker FOLDER`."""

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from synccore import bootstrap
from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from tests.synccore.worlds import environment


def add(unit: Unit, subject: str) -> str:
    return unit.work.add("walk", f"customer-{subject}", subject, subject, 0.0, "test")


async def main(folder: Path) -> None:
    diary = folder / "diary"

    def note(text: str) -> None:
        with diary.open("a") as file:
            file.write(text + "\n")

    async def process(run: Run, argument: Any) -> None:
        async def write(name: str) -> str:
            note(f"{argument} {name}")
            return name

        for name in ("first", "second"):
            await run.step(name, lambda name=name: write(name))  # type: ignore[misc]
        if not (folder / "go").exists():
            print("middle", flush=True)
            await asyncio.Event().wait()
        assert await run.step("third", lambda: write("third")) == "third"

    def change(parts: bootstrap.Parts) -> bootstrap.Parts:
        return dataclasses.replace(parts, processes=lambda _: {"walk": process}, tickers=lambda _: [])

    settings = bootstrap.settings_of(environment(database_url=f"sqlite:///{folder}/core.db"))
    core = bootstrap.build(settings, bootstrap.live(settings), change)
    await core.start()
    if not diary.exists():
        await core.database.run(lambda unit: [add(unit, subject) for subject in ("a", "b")])
    await core.kick()
    while await core.database.run(lambda unit: unit.work.open()):
        await asyncio.sleep(0.02)
    print("finished", flush=True)
    await core.close()


if __name__ == "__main__":
    bootstrap.configure_logs("warning")
    with patch("synccore.engine.names.WAIT_S", 0.5):
        asyncio.run(main(Path(sys.argv[1])))
