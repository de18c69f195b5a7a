"""Streams the journals of all systems of a live world into the run's events, without loss or saying so."""

import asyncio

from harness.events import EventStream
from harness.stack.world import LiveWorld
from harness.world import SYSTEMS, SystemName, Unreachable

WAIT_S = 5.0
NOISE = frozenset(("/services/data", "/services/data/"))  # how the core reads the time


class JournalPump:
    """One reader a system; `close` takes what is left."""

    def __init__(self, world: LiveWorld, stream: EventStream) -> None:
        self._world, self._stream = world, stream
        self._seq: dict[SystemName, int] = dict.fromkeys(SYSTEMS, 0)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read_on(system)) for system in SYSTEMS]

    async def catch_up(self) -> None:
        """Everything that has happened until now is in the stream when this returns."""
        for system in SYSTEMS:
            while await self._read(system, 0.0):
                pass

    async def close(self) -> None:
        """Stop reading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _read_on(self, system: SystemName) -> None:
        while True:
            try:
                await self._read(system, WAIT_S)
            except (Unreachable, ValueError):
                await asyncio.sleep(0.2)

    async def _read(self, system: SystemName, wait_s: float) -> int:
        after = self._seq[system]
        path = f"/_control/journal?after={after}&limit=1000&wait_s={wait_s}"
        page = await self._world.control(system, "GET", path)
        if self._seq[system] != after:
            return 1  # another reader was faster: what it has added is not added again
        if page["lost"]:
            self._stream.add("note", level="lost", system=system, said=f"part of the journal of {system} was lost")
        for entry in page["entries"]:
            seq, kind, at = entry.pop("seq"), entry.pop("kind"), entry.pop("at")
            self._seq[system] = seq
            if kind != "call" or entry.get("target") not in NOISE:
                self._stream.add(kind, at, **{"system": system, **entry})
        return len(page["entries"])
