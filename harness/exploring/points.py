"""Where a run can be disturbed, and how: the points that the undisturbed run passes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.runner import RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly
from harness.simulation.world import SimWorld

Points = Literal["calls", "crashes", "all", "pairs"]
Kind = Literal["call", "crash", "pair"]

# What can become of one request: each is a fault of the systems' tables, struck at exactly this request.
OUTCOMES = (
    "refuse", "timeout", "lost_answer", "slow_applied", "server_error_before", "server_error_after", "limit",
    "repeat", "truncated_body", "invalid_body", "expire_credentials",
)  # fmt: skip
UNDISTURBED = "the undisturbed run"
# A read changes nothing: whether it was done, or done twice, is nowhere to be seen.
_OF_A_READ = {"repeat": UNDISTURBED, "server_error_after": "server_error_before"}
# By how a request begins: outcomes that the system's wire makes the very answer, and the very state, of another one.
SAME = {
    "GET ": _OF_A_READ,
    "POST /services/rest/query/v1/suiteql": _OF_A_READ,
    "read": _OF_A_READ,
    "list": _OF_A_READ | {"invalid_body": UNDISTURBED, "truncated_body": "lost_answer"},
    "RPC ": {"repeat": UNDISTURBED} | dict.fromkeys(
        ("lost_answer", "server_error_before", "server_error_after", "truncated_body", "invalid_body"), "refuse"
    ),
}  # fmt: skip
RECOVERY = 12  # points after a restart at which the core dies again: where it takes up what it had begun
SLOW_S = 45.0  # longer than the core waits for an answer, so that a slow request is applied after it gave up


@dataclass(frozen=True)
class Point:
    """One run of the exploration: a disturbed request, a crash, or a crash and another `again` points after it.

    A pair without `again` stands for all pairs that begin with its crash. `like`: why its run is known to be the same,
    but for the disturbance's own line in the record, as one that is explored as well; '' where it is not.
    """

    kind: Kind
    number: int
    outcome: str
    what: str
    again: int = 0
    like: str = field(default="", compare=False)

    def __str__(self) -> str:
        later = f" + {self.again}" if self.again else ""
        return f"{self.kind} {self.number}{later} ({self.what}) {self.outcome}".strip()

    @property
    def options(self) -> str:
        """As `windtunnel explain` takes it."""
        if self.kind == "crash":
            return f"--crash {self.number}"
        if self.kind == "pair":
            return f"--crash {self.number} --crash-again {self.again}"
        return f"--request {self.number} --outcome {self.outcome}"

    @property
    def begins_pairs(self) -> bool:
        """Whether it stands for several runs."""
        return self.kind == "pair" and not self.again

    def flight(self) -> Flight:
        """How to fly through it from the start."""
        flight = Flight()
        self.disturb(flight)
        return flight

    def disturb(self, flight: Flight) -> None:
        """Have a flight that has not passed the point yet meet it."""
        if self.kind == "call":
            flight.call_at, flight.outcome, flight.delay_s = self.number, self.outcome, SLOW_S
            return
        flight.crash_at, flight.crash_again = self.number, self.again or None


class NotFlyable(RuntimeError):
    """The story does not hold even undisturbed: there is nothing to explore."""

    def __init__(self, result: RunResult) -> None:
        super().__init__("; ".join(result.findings[:3]) or result.broken_off or result.outcome)
        self.result = result


def points_of(scenario: Scenario, seed: str, points: Points) -> list[Point]:
    """Every point of the undisturbed run; NotFlyable when that one does not hold.

    Pairs are told by their first crash, at every point that leaves something else behind than the one before it.
    """
    result, world = fly(scenario, seed, flight=Flight(traced=True), replay=False)
    if result.outcome != "holds":
        raise NotFlyable(result)
    found: list[Point] = []
    if points in ("calls", "all"):
        for number, (system, what) in enumerate(world.requests, start=1):
            same = next((known for begins, known in SAME.items() if what.startswith(begins)), {})
            found += [
                Point("call", number, outcome, f"{system} {what}", like=same.get(outcome, "")) for outcome in OUTCOMES
            ]
    crashes = _crashes(world)
    if points in ("crashes", "all"):
        found += crashes
    if points == "pairs":
        found += [replace(point, kind="pair") for point in crashes if not point.like]
    return found


def _crashes(world: SimWorld) -> list[Point]:
    """Of those that follow each other and leave the same behind, the last is flown: its record has most to judge."""
    crashes: list[Point] = []
    last = len(world.points)
    for number in range(last, 0, -1):
        if number < last and world.traces[number - 1] != world.traces[number]:
            last = number
        like = f"crash {last}" if number < last else ""
        crashes.append(Point("crash", number, "", world.points[number - 1], like=like))
    return crashes[::-1]


def distinct(points: Iterable[Point]) -> list[Point]:
    """Those whose run is not known to be the same as another's."""
    return [point for point in points if not point.like]


def telling(traces: Sequence[Any]) -> bool:
    """Does the last point leave something else behind, should the core crash there, than the one before it?"""
    return len(traces) == 1 or traces[-1] != traces[-2]
