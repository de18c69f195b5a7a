"""The clock that follows another server's date."""

import asyncio

import pytest

from synccore.engine.live.clock import LiveClock, clock_of


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


def test_the_date_of_a_server_is_read_and_its_silence_is_an_error() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 No\r\nDate: Mon, 05 Jan 2026 09:00:00 GMT\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        clock = clock_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", 60.0)
        await clock.start()
        assert 1767603600.0 <= clock.now() < 1767603602.0
        server.close()
        await server.wait_closed()
        with pytest.raises(OSError):
            await clock.follow()
        await clock.close()

    asyncio.run(story())
