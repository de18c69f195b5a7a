"""Over a real socket: an answer can be lost after the work was done, and the process stops when told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
import pytest
import uvicorn

from simulators.kit.calls import Answer
from simulators.kit.faults import Fault
from simulators.kit.server import AbortableProtocol, HttpSender, bound_socket
from tests.simulators.kit.toy import Toy, run, toy


@asynccontextmanager
async def served(system: Toy) -> AsyncIterator[str]:
    sock = bound_socket("127.0.0.1", 0)
    config = uvicorn.Config(
        system.app, interface="asgi3", http=AbortableProtocol, lifespan="on", log_level="error", date_header=False
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined, method-assign]
    task = asyncio.get_running_loop().create_task(server._serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize(("kind", "applied"), [("lost_answer", 1), ("refuse", 0)])
def test_the_connection_is_cut_with_or_without_effect(kind: str, applied: int) -> None:
    async def story() -> int:
        system, _, _ = toy()
        system.faults.add(Fault(id="f", kind=kind, operation="thing.create"))  # type: ignore[arg-type]
        async with served(system) as url, aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientError):
                await client.post(f"{url}/things", data=orjson.dumps({"color": "red"}))
            async with client.get(f"{url}/things/1") as answer:
                return 1 if answer.status == 200 else 0

    assert run(story()) == applied


def test_a_taken_port_is_an_error() -> None:
    held = bound_socket("127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        bound_socket("127.0.0.1", held.getsockname()[1])
    held.close()


def test_webhooks_travel_over_real_http_and_failures_are_os_errors() -> None:
    async def story() -> tuple[int, int]:
        system, _, _ = toy()
        sender = HttpSender()
        async with served(system) as url:
            status = await sender("POST", f"{url}/things", {}, orjson.dumps({"color": "red"}), 5.0)
            missing = await sender("POST", f"{url}/nowhere", {}, b"{}", 5.0)
        with pytest.raises(OSError, match=r"refused|connect"):
            await sender("POST", f"{url}/things", {}, b"{}", 5.0)
        await sender.close()
        return status, missing

    assert run(story()) == (201, 404)


def test_answers_of_one_connection_keep_their_order_and_their_ends() -> None:
    async def story() -> list[bytes]:
        system, _, _ = toy()
        async with served(system) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            lines = (b"GET /things/0", b"HEAD /things/0", b"GET /things/7", b"GET /nowhere")
            closing = (b"", b"", b"", b"Connection: close\r\n")
            asked = zip(lines, closing, strict=True)
            writer.write(b"".join(b"%b HTTP/1.1\r\nHost: x\r\n%b\r\n" % one for one in asked))
            said = await asyncio.wait_for(reader.read(), 5.0)
            writer.close()
        return said.split(b"HTTP/1.1 ")[1:]

    found, head, missing, nowhere = run(story())
    assert [one[:3] for one in (found, head, missing, nowhere)] == [b"200", b"405", b"404", b"404"]
    assert found.endswith(b'\r\n\r\n{"id":"0","color":"grey","label":"first"}')
    assert head.endswith(b"\r\n\r\n"), "a HEAD has no body"
    assert b"connection: close" in nowhere and nowhere.endswith(b'\r\n\r\n{"allowed":[]}')


def test_no_line_break_of_a_header_reaches_the_wire() -> None:
    async def story() -> None:
        system, _, _ = toy()
        system.refuse = lambda *_, **__: Answer(429, headers={"X": "a\r\nSet-Cookie: b"})  # type: ignore[method-assign]
        system.faults.add(Fault(id="f", kind="limit", times=0))
        async with served(system) as url, aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientError):
                await client.get(f"{url}/things/0")

    run(story())
