"""A core that somebody else runs at an address: told its variables in a file, waited for, never started or ended."""

import asyncio
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from harness.stack.home import write_private
from harness.stack.problem import StackProblem
from harness.stack.process import Child

READY_S = 180.0  # a person starts it by hand
LOOK_S = 0.2


def is_address(core: str) -> bool:
    """Is a core named by where it answers, and not by the command that starts it?"""
    return core.startswith(("http://", "https://"))


class RemoteCore(Child):
    """Stands where the core's process would; `log` is the file with its variables."""

    def __init__(self, url: str, variables: Path, say: Callable[[str], None]) -> None:
        super().__init__("core", [url], variables)
        self.url, self.variables, self._say = url.rstrip("/"), variables, say

    async def start(self) -> dict[str, Any]:
        """Write its variables, and wait until somebody answers at the address, whatever the answer is."""
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in self.environment.items())
        write_private(self.variables, "".join(lines))
        self._say(f"waiting for your core at {self.url}; start it with the variables of {self.variables}")
        end = time.monotonic() + READY_S
        async with aiohttp.ClientSession(trust_env=False) as session:
            while time.monotonic() < end:
                try:
                    async with session.get(self.url, allow_redirects=False):
                        return {}
                except (aiohttp.ClientError, OSError):
                    await asyncio.sleep(LOOK_S)
        raise StackProblem(f"nobody answered at {self.url} for {READY_S:.0f} s (--core)", 2)

    async def stop(self) -> None:
        """It is not ours to end; its variables lead nowhere from now on."""
        self.variables.unlink(missing_ok=True)

    async def kill(self) -> None:
        """Not ours to kill."""
        raise StackProblem(
            "this story kills the core, which has to be started by us then: --core CMD, not an address", 2
        )

    def last_words(self, lines: int = 12) -> str:
        """Somebody else has its log."""
        return f"  (the last {lines} lines of its log are where you started {self.url})"
