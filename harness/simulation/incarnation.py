"""One life of the core: while it lives its ports work, once it is dead nothing it holds returns or changes anything."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from random import Random
from typing import Any, NoReturn

from harness.simulation.loop import VirtualLoop

Watch = Callable[[str], bool]
"""Called at every crash point with its name; True means: the core dies here."""


in_a_run: ContextVar[bool] = ContextVar("in_a_run", default=False)
SHARE = 0.2  # of the places where a run lets others go first: a few long waits find more than many short ones
TURN_S = 0.3  # the longest wait: others have time for much in it


class Incarnation:
    """Shared by all ports of one life. `turns`: chance decides at every send and every commit who goes on first."""

    def __init__(self, watch: Watch, died: Callable[[], None], turns: Random | None = None) -> None:
        self._watch, self._died, self._turns = watch, died, turns
        self.dead = False
        self._stopped: asyncio.Event | None = None  # set when it goes on
        self._requests: list[asyncio.Future[Any]] = []  # calls into the core that somebody outside waits for

    async def point(self, name: str) -> None:
        """A place where a crash may come; a dead core stays here for ever."""
        if not self.passes(name):
            await self.never()
        await self.awake()

    def passes(self, name: str) -> bool:
        """As `point`, for places that many pass: False means that the core is dead, and its owner awaits `never`."""
        if self.dead:
            return False
        if self._watch(name):
            self.kill()
        return not self.dead

    async def turn(self) -> None:
        """A place where others may go before a run; without `turns` one that has begun goes on until it has to wait.

        Tickers and requests go on: they are short, and the world knows of runs alone that something is under way.
        """
        await self.awake()
        if self._turns is not None and in_a_run.get() and self._turns.random() < SHARE:
            await asyncio.sleep(self._turns.random() * TURN_S)

    def stop(self) -> None:
        """SIGSTOP: from now on nothing of it goes on, and what answers finds nobody there, until `go_on`."""
        if self._stopped is None:
            self._stopped = asyncio.Event()

    def go_on(self) -> None:
        """SIGCONT."""
        if self._stopped is not None:
            self._stopped.set()
            self._stopped = None

    @property
    def stopped(self) -> bool:
        """Was it stopped, and has not gone on?"""
        return self._stopped is not None

    async def awake(self) -> None:
        """A place where a process that was stopped stands still."""
        while self._stopped is not None:
            await self._stopped.wait()

    async def never(self) -> NoReturn:
        """The process is gone: no line after this one is ever run."""
        loop = asyncio.get_running_loop()
        while True:
            grave: asyncio.Future[None] = loop.create_future()
            try:
                await grave
            except asyncio.CancelledError:  # a time-out of the dead core's own: it strikes nobody any more
                if isinstance(loop, VirtualLoop) and loop.ending:
                    raise

    def kill(self) -> None:
        """SIGKILL: whoever is connected sees the connection break."""
        if self.dead:
            return
        self.dead = True
        for request in self._requests:
            if not request.done():
                request.set_exception(ConnectionResetError("the core was killed"))
        self._requests.clear()
        self._died()

    async def serve(self, handler: Awaitable[Any]) -> Any:
        """Do a request on this core's side; ConnectionResetError if the core dies before it has answered."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()

        async def work() -> None:
            try:
                result = await handler
            except Exception as error:
                if not answered.done():
                    answered.set_exception(error)
            else:
                if not answered.done():
                    answered.set_result(result)

        self._requests.append(answered)
        task = loop.create_task(work())
        try:
            return await answered
        finally:
            if answered in self._requests:
                self._requests.remove(answered)
            del task
