"""The clock that follows another server's date."""

import asyncio

from synccore.engine.live.clock import LiveClock


def test_without_a_source_business_time_is_wire_time() -> None:
    clock = LiveClock(wire=lambda: 42.0)
    assert (clock.now(), clock.wire()) == (42.0, 42.0)


def test_it_keeps_within_what_the_source_can_mean_and_never_goes_back() -> None:
    wire, source = [1000.0], [5000.75]

    async def look() -> float:
        return float(int(source[0]))  # an HTTP date has whole seconds

    async def story() -> None:
        clock = LiveClock(look, wire=lambda: wire[0])
        await clock.follow()
        assert 5000.0 <= clock.now() <= 5001.0
        for _ in range(40):  # each look narrows the bounds
            wire[0] += 0.37
            source[0] += 0.37
            await clock.follow()
        assert abs(clock.now() - source[0]) < 0.1
        source[0] += 86400.0  # the sandbox jumps a day
        await clock.follow()
        assert source[0] - 1.0 <= clock.now() <= source[0] + 1.0
        ahead = clock.now()
        source[0] -= 3600.0
        await clock.follow()
        assert clock.now() == ahead, "business time stands until the source has caught up"

    asyncio.run(story())
