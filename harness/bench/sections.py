"""Where a run's processor time goes: each moment belongs to the innermost section that is on the way."""

import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

REST = "the loop and all else"


class Sections:
    """Exclusive processor time and number of entries by section."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.entries: Counter[str] = Counter()
        self._open = [REST]
        self._since = time.thread_time()

    def _turn(self) -> None:
        now = time.thread_time()
        self.spent[self._open[-1]] += now - self._since  # type: ignore[assignment] # seconds
        self._since = now

    @contextmanager
    def within(self, name: str) -> Generator[None]:
        """What happens here belongs to the section."""
        self._turn()
        self._open.append(name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def plain(self, name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
        """A function, with its time noted."""

        def timed(*arguments: Any, **named: Any) -> Any:
            self.entries[name] += 1
            with self.within(name):
                return fn(*arguments, **named)

        return timed

    def awaited(self, name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
        """A coroutine function, with its time noted while it is on the way and not while it waits."""

        async def timed(*arguments: Any, **named: Any) -> Any:
            self.entries[name] += 1
            return await _Stepwise(self, name, fn(*arguments, **named))

        return timed

    def finish(self) -> None:
        """Note the time up to now."""
        self._turn()


class _Stepwise:
    """A coroutine driven step by step."""

    def __init__(self, sections: Sections, name: str, coroutine: Any) -> None:
        self._sections, self._name, self._coroutine = sections, name, coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        act, given = self._coroutine.send, None
        while True:
            try:
                with self._sections.within(self._name):
                    waiting_for = act(given)
            except StopIteration as end:
                return end.value
            try:
                act, given = self._coroutine.send, (yield waiting_for)
            except BaseException as error:
                act, given = self._coroutine.throw, error


@contextmanager
def watched(plain: dict[str, tuple[Any, ...]], awaited: dict[str, tuple[Any, ...]]) -> Generator[Sections]:
    """Time the named functions, each given as pairs (owner, attribute), until the end of the block."""
    sections = Sections()
    with ExitStack() as stack:
        for table, timed in ((plain, sections.plain), (awaited, sections.awaited)):
            for name, places in table.items():
                for owner, attribute in places:
                    stack.enter_context(patch.object(owner, attribute, timed(name, getattr(owner, attribute))))
        yield sections
        sections.finish()
