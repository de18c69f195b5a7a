"""A child process that says when it is ready, is never left behind, and whose last words can be shown."""

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.stack.problem import StackProblem

_PR_SET_PDEATHSIG = 1
READY_S = 30.0
STOP_S = 5.0


def _libc() -> Any:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


_LIBC = _libc()


def dies_with_parent() -> None:
    """In the child, before exec: the kernel kills it when this process is gone, however that came about."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _own_environment() -> dict[str, str]:
    """Ours without what could configure a core by accident."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SYNCCORE_")}


class Running(Protocol):
    """A part of a stack that can be ended and started again: a child process, or a container."""

    name: str

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        ...

    async def start(self) -> Any:
        """Start it and wait until it is ready; StackProblem when it dies or stays silent."""
        ...

    async def stop(self) -> None:
        """End it in order."""
        ...

    async def kill(self) -> None:
        """SIGKILL."""
        ...

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, for people."""
        ...


class Child:
    """One process of the stack. Its standard error goes to `log`; standard output is for the ready line."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name, self.command, self.log = name, list(command), log
        self.environment: Mapping[str, str] = {}  # on top of our own
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[None] | None = None
        self.ready: dict[str, Any] = {}

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None."""
        return None if self._process is None else self._process.returncode

    async def start(self) -> dict[str, Any]:
        """Start it and wait for its ready line; StackProblem with its last log lines when it dies or stays silent."""
        with self.log.open("ab") as log:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self.command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
                    env={**_own_environment(), **self.environment},
                    start_new_session=True, preexec_fn=dies_with_parent,
                )  # fmt: skip
            except OSError as error:
                raise StackProblem(f"{self.name} cannot be started: {self.command[0]}: {error.strerror}", 2) from error
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(READY_S):
                self.ready = await self._ready_line(self._process.stdout)
        except TimeoutError:
            await self.kill()
            raise StackProblem(f"{self.name} was not ready after {READY_S:.0f} s\n{self.last_words()}") from None
        self._drain = asyncio.get_running_loop().create_task(self._discard(self._process.stdout))
        return self.ready

    async def _ready_line(self, out: asyncio.StreamReader) -> dict[str, Any]:
        assert self._process is not None
        while line := await out.readline():
            try:
                facts = json.loads(line)
            except ValueError:
                continue
            if isinstance(facts, dict) and "ready" in facts:
                return facts
        code = await self._process.wait()
        raise StackProblem(f"{self.name} ended at its start (exit code {code})\n{self.last_words()}")

    async def _discard(self, out: asyncio.StreamReader) -> None:
        while await out.read(65536):
            pass

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, indented; where the whole log is."""
        try:
            text = self.log.read_text(errors="replace").rstrip().splitlines()[-lines:]
        except OSError:
            text = []
        shown = "\n".join(f"    {line[:400]}" for line in text) or "    (it said nothing)"
        return f"  last lines of {self.log}:\n{shown}"

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL to its whole group when it takes too long."""
        if self._process is None or self._process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            pass
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to it and all that it started."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            await self._process.wait()
        if self._drain is not None:
            self._drain.cancel()
            self._drain = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass
