"""How a story is flown: which core, what it meets, where it dies."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from synccore import bootstrap

if TYPE_CHECKING:
    from harness.simulation.world import SimWorld

Change = Callable[[bootstrap.Parts], bootstrap.Parts]


@dataclass
class Flight:
    """How to fly: another core, at which crash point (from 1) it dies, and again how many points after that; whether it
    starts `elsewhere` then, as another worker (or, `stopped_s`, it does not die there: it is stopped for so long, and
    another worker starts beside it); and which of its requests (from 1) meets which fault. Given up after `bound_s` of
    virtual time (Runaway). `traced`: what would outlive a crash is noted at each point. `passing` hears of each crash
    point and request, and may change all that. `between`: called before each step of the story (and behind the last)
    with its number; `pausing`: each time that nothing is left to be done at an instant.
    """

    change: Change | None = None
    crash_at: int | None = None
    crash_again: int | None = None
    elsewhere: bool = False
    stopped_s: float = 0.0
    call_at: int | None = None
    outcome: str = ""
    delay_s: float = 60.0
    bound_s: float | None = None
    traced: bool = False
    passing: Callable[["SimWorld", Literal["crash", "call"], int], None] | None = None
    between: Callable[["SimWorld", Any, int], Awaitable[None]] | None = None
    pausing: Callable[["SimWorld", Any], object] | None = None
