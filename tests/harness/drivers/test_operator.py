"""People at the core while it dies of what they ask: they ask once more, and nothing is done twice."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from harness.drivers.operator import ask_core, give_up
from harness.drivers.stage import StepFailed
from harness.world import Unreachable

GIVEN_UP = SimpleNamespace(kind="usage_late", reason="goodwill")


class Dying:
    """A world whose core dies at some requests, done or not, and is up again once all is quiet."""

    def __init__(self, state: str = "open", dies_at: str = "", done: bool = False, stays_down: bool = False) -> None:
        self.state, self.dies_at, self.done, self.stays_down = state, dies_at, done, stays_down
        self.posts = self.settled = 0

    async def core(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One exception, which can be given up once."""
        if method == self.dies_at:
            self.dies_at = method if self.stays_down else ""
            if self.done:
                self.state = "abandoned"
            raise Unreachable("the core was killed")
        if method == "GET":
            row = {"id": "x00000001", "kind": "usage_late", "state": self.state}
            return 200, [row] if "?" in path else row
        self.posts += 1
        if self.state != "open":
            return 409, {"detail": f"it is {self.state}", "body": body}
        self.state = "abandoned"
        return 200, {}

    async def settle(self) -> None:
        """All is quiet."""
        self.settled += 1


def do(act: Callable[..., Any], world: Dying, *facts: Any) -> Any:
    return asyncio.run(act(SimpleNamespace(world=world), *facts))


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", ["GET", "POST"])
def test_who_loses_the_core_asks_once_more_and_what_was_done_stays_done(at: str, done: bool) -> None:
    world = Dying(dies_at=at, done=done and at == "POST")
    assert do(give_up, world, GIVEN_UP) == "1 exceptions of kind usage_late are given up: goodwill"
    assert (world.state, world.posts, world.settled) == ("abandoned", 1, 1)


def test_a_core_that_stays_down_fails_the_step() -> None:
    world = Dying(dies_at="GET", stays_down=True)
    with pytest.raises(StepFailed, match="the core does not answer: the core was killed"):
        do(ask_core, world, "GET", "/exceptions/x00000001")


def test_a_refusal_is_not_taken_for_a_lost_answer() -> None:
    with pytest.raises(StepFailed, match="the core answered 409 to the end of x00000001"):
        do(give_up, Dying(state="resolved"), GIVEN_UP)
