"""Run a coroutine as far as it goes without a wait: most calls never wait, and a task costs what a small one does."""

from collections.abc import Generator
from typing import Any


class _Rest:
    """What remains of a coroutine that has run up to its first wait."""

    def __init__(self, coroutine: Any, waiting_for: Any) -> None:
        self._coroutine, self._waiting_for = coroutine, waiting_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waiting_for = self._waiting_for
        while True:
            try:
                value = yield waiting_for
            except BaseException as error:
                try:
                    waiting_for = self._coroutine.throw(error)
                except StopIteration as end:
                    return end.value
            else:
                try:
                    waiting_for = self._coroutine.send(value)
                except StopIteration as end:
                    return end.value


async def rest(coroutine: Any, waiting_for: Any) -> Any:
    """The remainder of a coroutine that somebody has sent None: it waits for what came of that, and goes on.

    Up to its first wait no task was current, so nothing that asks for one (asyncio.timeout) may stand before it.
    """
    return await _Rest(coroutine, waiting_for)
