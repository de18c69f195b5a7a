"""What the core says of its tickers to who waits for it to come to rest."""

import asyncio

import pytest

from synccore.engine.meter import Meter
from synccore.engine.pulse import Pulse
from synccore.ports.engine import Tick
from tests.synccore.worlds import HandClock


def test_a_ticker_is_known_to_be_in_the_midst_of_a_round() -> None:
    pulse, seen = Pulse(Meter(), HandClock()), list[bool]()

    async def look() -> Tick:
        seen.append(pulse.beats["source"].looking)
        if len(seen) == 1:
            raise ValueError("the source says nonsense")
        return Tick(False)

    watched = pulse.watched("source", look)
    with pytest.raises(ValueError, match="nonsense"):
        asyncio.run(watched())
    assert seen == [True] and not pulse.beats["source"].looking
    asyncio.run(watched())
    assert seen == [True, True] and not pulse.beats["source"].looking
