"""An event loop whose time jumps to the next timer: nothing waits, and order depends on nothing outside."""

import asyncio
import gc
import selectors
from collections.abc import Callable, Mapping
from typing import Any, NoReturn


class Deadlock(RuntimeError):
    """Somebody waits for something that no timer and no task will ever bring."""


class Forbidden(RuntimeError):
    """Simulated code asked for a thread or a socket: its order would depend on the machine."""


class Runaway(RuntimeError):
    """The run goes on beyond its bound of virtual time, or turns on the spot."""


_GARBAGE = 200_000  # new objects between two looks for unreachable ones
_SPINS_MAX = 2_000_000  # turns of the loop in which time may stand still
_ROUNDS_MAX = 100  # a task may answer its cancellation with a little more work, but not for ever


class _JumpSelector(selectors.BaseSelector):
    """Never looks at a file; to wait is to move time."""

    def __init__(self) -> None:
        self.time = 0.0
        self.bound_s: float | None = None
        self.before: Callable[[], object] | None = None
        self._spins = 0
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Only the loop's own wake-up pipe, which comes first, may be watched."""
        if self._keys:
            raise Forbidden(f"somebody wants to wait for a file or socket: {fileobj!r}")
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, number, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Forget."""
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Jump over the time-out."""
        if timeout is None:
            raise Deadlock("nothing is left that could happen")
        self._spins = 0 if timeout > 0 else self._spins + 1
        if timeout > 0 and self.before is not None:
            self.before()
        self.time += max(0.0, timeout)
        if self.bound_s is not None and (self.time > self.bound_s or self._spins > _SPINS_MAX):
            self.bound_s = None  # said once: what is pending must still be able to end
            where = f"{self.time / 86_400:.1f} days of virtual time"
            raise Runaway(
                f"it turns on the spot after {where}" if self._spins > _SPINS_MAX else f"still going after {where}"
            )
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """What is registered."""
        return self._keys

    def close(self) -> None:
        """Nothing is held."""
        self._keys.clear()


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio on virtual time, starting at 0.0; `bound_s`: when a run has certainly gone wrong (Runaway)."""

    def __init__(self, bound_s: float | None = None) -> None:
        self._jump = _JumpSelector()
        self._jump.bound_s = bound_s
        super().__init__(self._jump)
        self._clock_resolution = 1e-7
        self.offence = ""  # fails the run even if the offender swallows the exception
        self.ending = False  # the run is over: whoever is frozen may go
        self._begun: list[asyncio.Task[Any]] = []
        self.set_task_factory(self._begin)

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._jump.time

    def before_time_moves(self, hear: Callable[[], object]) -> None:
        """Have `hear` called each time nothing is left to be done at an instant."""
        self._jump.before = hear

    def _begin(self, loop: Any, work: Any, context: Any = None) -> "asyncio.Task[Any]":
        task = asyncio.Task(work, loop=loop, context=context)
        self._begun.append(task)
        if len(self._begun) > 1_000:
            self._begun = [one for one in self._begun if not one.done()]
        return task

    def end(self) -> None:
        """Cancel what is still pending, oldest first, until nothing is: left to the garbage collector, `finally` blocks
        of this run would be executed at some moment of a later one.
        """
        self.ending = True
        self._jump.bound_s = None
        for _ in range(_ROUNDS_MAX):
            self._begun = [task for task in self._begun if not task.done()]
            if not self._begun:
                break
            for task in tuple(self._begun):
                task.cancel()
            self.run_until_complete(asyncio.sleep(0))
        self._begun.clear()

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> NoReturn:  # type: ignore[override] # noqa: ARG002
        """Refused: see Forbidden."""
        self.offence = f"a thread was asked for to run {getattr(func, '__qualname__', func)!r}"
        raise Forbidden(self.offence)


def run_virtual(main: Callable[[], Any], bound_s: float | None = None) -> Any:
    """Run a coroutine function to its end on a fresh virtual loop; what is still pending then is dropped silently.

    Runaway when it is not over after `bound_s` of virtual time.
    """
    loop = VirtualLoop(bound_s)
    thresholds = gc.get_threshold()
    gc.set_threshold(_GARBAGE, *thresholds[1:])  # a run makes much and leaves little: looking often finds nothing
    try:
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(_unless_ending)
        result = loop.run_until_complete(main())
        if loop.offence:
            raise Forbidden(loop.offence)
        return result
    finally:
        gc.set_threshold(*thresholds)
        loop.end()
        asyncio.set_event_loop(None)
        loop.close()


def _unless_ending(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """How tickers and the frozen work of a dead core end after a run is nobody's news."""
    if not (isinstance(loop, VirtualLoop) and loop.ending):
        loop.default_exception_handler(context)
