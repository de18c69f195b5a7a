"""A run that is to be explained: it can be flown again as often as one likes, and calmly."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from harness.events import Consumer
from harness.runner import RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly

UPSETS = frozenset(("disturb", "repair", "take_down", "bring_up", "kill_core", "start_core"))
Lying = Callable[[], AbstractContextManager[None]]
Requests = list[tuple[str, str]]  # what the core sent: system, method and path


@dataclass(frozen=True)
class Failing:
    """Story, seed, and what is wrong on purpose: how it is flown, and systems that lie."""

    scenario: Scenario
    seed: str = "1"
    flight: Flight = field(default_factory=Flight)
    lying: Lying = nullcontext
    replay: bool | None = None

    def flown(self, consumers: Sequence[Consumer] = (), replay: bool | None = None) -> tuple[RunResult, Requests]:
        """Fly it once; the record is the same each time."""
        with self.lying():
            wanted = self.replay if replay is None else replay
            result, world = fly(self.scenario, self.seed, consumers, self.flight, wanted)
        return result, world.requests

    def calm(self) -> "Failing":
        """The same core and systems in the same story, undisturbed."""
        steps = tuple(step for step in self.scenario.steps if step.verb not in UPSETS)
        story = replace(self.scenario, disturbances=(), steps=steps)
        return replace(self, scenario=story, flight=Flight(self.flight.change))

    def sound(self) -> "Failing":
        """The same story and storm with the real core and honest systems."""
        return replace(self, flight=replace(self.flight, change=None), lying=nullcontext)
