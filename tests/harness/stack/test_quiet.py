"""When time is moved: not past a limit, which counts in wire time whatever the clock of business says."""

import asyncio
from typing import Any, cast

import pytest

from harness.stack import quiet
from harness.stack.quiet import Calm
from harness.stack.world import LiveWorld
from synccore.ports.outcomes import Later
from synccore.systems.breaker import Target


class Wire:
    """A core's clock in which no time passes."""

    def now(self) -> float:
        return 0.0

    wire = now

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def cause_of_a_pause() -> str:
    """As the core says it."""
    target = Target("salesforce", Wire(), asyncio.Semaphore(1))
    target.pause(60.0)
    with pytest.raises(Later) as refused:
        target.check()
    return refused.value.cause


class World:
    """Systems at rest, and a core with one piece of work that is done after so many looks, or when time has moved."""

    core_wanted, core_process = True, None

    def __init__(self, cause: str, looks: int) -> None:
        self.cause, self.left, self.seen, self.moved = cause, looks, 0, list[float]()

    def now(self) -> float:
        return 100.0

    async def move(self, to: float) -> None:
        self.moved.append(to)
        self.left = 0

    async def control(self, _system: str, _method: str, path: str) -> Any:
        return {"idle": True, "next_due": None, "version": 1} if path.endswith("/clock") else []

    async def core(self, _method: str, _path: str) -> tuple[int, Any]:
        self.left, self.seen = self.left - 1, self.seen + 1
        item = {"process": "p", "subject": "s", "state": "due", "attempt": 2, "cause": self.cause, "due_at": 140.0}
        return 200, {
            "rounds": {"ticker": self.seen}, "version": 1, "idle": True, "now": max([100.0, *self.moved]),
            "next_due": None,
            "open": [item] if self.left > 0 else [],
        }  # fmt: skip

    def waiting(self, _why: str) -> None: ...


@pytest.mark.parametrize(("cause", "moves"), [(cause_of_a_pause(), []), ("no answer", [141.0])])
def test_time_flies_to_a_retry_and_not_past_a_limit(
    cause: str, moves: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet, "PAUSED_S", 0.01)
    monkeypatch.setattr(quiet, "LOOK_S", 0.0)
    world = World(cause, looks=12)
    asyncio.run(Calm(cast("LiveWorld", world)).settle(900.0))
    assert world.moved == moves and world.left <= 0
