"""The platform's feed is read page by page: what breaks a look off is where the next one goes on."""

import asyncio

import pytest

from synccore.ports.engine import Tick
from synccore.ports.outcomes import Later
from synccore.processes.polls import PlatformEvents
from tests.synccore.processes.flight import Flight

OFFSETS = ["", "3", "6"]


def busy(count: int) -> Flight:
    """A feed of events that happened within one second."""
    flight = Flight()
    flight.platform.feed = [
        {"id": f"ev_{number:03d}", "event_type": "customer_changed", "content": {},
         "occurred_at": int(flight.clock.at)} for number in range(count)
    ]  # fmt: skip
    return flight


async def look(flight: Flight) -> Tick:
    return await PlatformEvents(flight.core.context)()


def test_a_look_that_is_broken_off_goes_on_where_it_was() -> None:
    flight, asked = busy(7), []
    read = flight.platform.events

    async def events(since: int, offset: str = ""):  # type: ignore[no-untyped-def]
        asked.append(offset)
        if asked == ["", "3"]:
            raise Later(60.0, "limited")
        return await read(since, offset)

    flight.platform.events = events  # type: ignore[method-assign]
    with pytest.raises(Later):
        asyncio.run(look(flight))
    assert asyncio.run(look(flight)).worked
    assert asked == ["", "3", "3", "6"]
    assert len(asyncio.run(flight.database.run(lambda unit: unit.inbox.find("subscriptions", "", 0.0, 9e9, 100)))) == 7


def test_the_overlap_is_not_read_for_ever() -> None:
    flight, asked = busy(7), []
    read = flight.platform.events

    async def events(since: int, offset: str = ""):  # type: ignore[no-untyped-def]
        asked.append(offset)
        return await read(since, offset)

    flight.platform.events = events  # type: ignore[method-assign]
    ticker = PlatformEvents(flight.core.context)
    asyncio.run(ticker())
    flight.clock.at += 2 * flight.core.context.overlap_s + 1
    asyncio.run(ticker())
    assert asked == [*OFFSETS, *OFFSETS]  # once more: a late event may carry an early stamp
    asyncio.run(ticker())
    assert asked == [*OFFSETS, *OFFSETS, ""]
