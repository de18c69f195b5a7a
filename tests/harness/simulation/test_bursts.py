"""A stream that comes a hundred times over costs the core nothing but to see that it knows all of it (F14)."""

from collections import Counter
from typing import Any

from harness.runner import RunResult
from harness.simulation import Flight, fly
from harness.simulation.world import SimWorld
from synccore.bootstrap import Parts
from tests.broken import alter
from tests.broken.stories import card

BURST = card("{id: burst, system: subscriptions, kind: duplicate_event, copies: 100, lasts: 1d}")


def asked(world: SimWorld) -> Counter[Any]:
    """What the core has asked of the systems, looks for news apart."""
    return Counter(one for one in world.requests if "/events" not in one[1] and "query" not in one[1])


def test_a_hundred_times_the_events_are_no_more_work() -> None:
    (calm, quiet), (burst, busy) = fly(card(), "1", replay=False), fly(BURST, "1", replay=False)
    assert burst.outcome == "holds", burst.findings
    assert deliveries(burst) > 90 * deliveries(calm) > 0
    assert asked(busy) == asked(quiet)


def test_a_core_that_takes_each_copy_for_news_asks_again_and_again() -> None:
    def forgetful(parts: Parts) -> Parts:
        return alter.store(parts, "inbox", lambda inbox: {"accept": lambda signal: inbox.accept(signal) or True})

    quiet, busy = fly(card(), "1", replay=False)[1], fly(BURST, "1", flight=Flight(forgetful), replay=False)[1]
    assert asked(busy).total() > 2 * asked(quiet).total()


def deliveries(result: RunResult) -> int:
    """Events that the platform has delivered to the core."""
    return sum(event.kind == "delivery" for event in result.events)
