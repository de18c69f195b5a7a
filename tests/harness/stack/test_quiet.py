"""When time is moved: not past a limit, which counts in wire time; at once past what nobody can have seen."""

import asyncio
from typing import Any, cast

import pytest

from harness.stack import quiet
from harness.stack.quiet import Calm, Look
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
        return {"idle": True, "next_due": None, "version": 1, "shown": 1} if path.endswith("/clock") else []

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


class Night:
    """A system whose jobs at 200, 300 and 400 do nothing, something, nothing that its clients can see; a core with one
    ticker, which is in the midst of a round at every other look."""

    core_wanted, core_process = True, None
    dues = (200.0, 300.0, 400.0)

    def __init__(self) -> None:
        self.at, self.rounds, self.looks = 100.0, 0, list[tuple[float, int]]()

    def now(self) -> float:
        return self.at

    async def move(self, to: float) -> None:
        self.at = to

    async def control(self, _system: str, _method: str, path: str) -> Any:
        assert path == "/_control/clock"
        done = [due for due in self.dues if due <= self.at]
        coming = next((due for due in self.dues if due > self.at), None)
        return {"idle": True, "next_due": coming, "version": len(done), "shown": int(300.0 in done)}

    async def core(self, _method: str, _path: str) -> tuple[int, Any]:
        looks = len(self.looks)
        self.looks.append((self.at, looks // 2))
        return 200, {
            "rounds": {"ticker": looks // 2}, "looking": ["ticker"] * (looks % 2), "version": 1, "idle": True,
            "now": self.at, "next_due": None, "open": [],
        }  # fmt: skip

    def waiting(self, _why: str) -> None: ...


def test_a_step_of_a_batch_that_nobody_can_have_seen_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "LOOK_S", 0.0)
    world = Night()
    asyncio.run(Calm(cast("LiveWorld", world)).advance(500.0))
    looks = {at: [rounds for when, rounds in world.looks if when == at] for at in (201.0, 301.0, 401.0)}
    assert [len(looks[at]) for at in (201.0, 401.0)] == [1, 1]
    assert looks[301.0][-1] > looks[301.0][0], "the core has to look at what has changed"


@pytest.mark.parametrize(("looking", "rounds"), [([], 1), (["ticker"], 2), (None, 2)])
def test_a_round_counts_that_began_after_the_rest(looking: list[str] | None, rounds: int) -> None:
    first = Look((1,), (1,), [], None, rounds={"ticker": 7}, looking=looking)
    seen = [Look((1,), (1,), [], None, rounds={"ticker": 7 + more}).saw(first) for more in range(3)]
    assert seen.index(True) == rounds
