"""Over a real socket: an answer can be lost after the work was done, and the process stops when told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
import pytest
import uvicorn

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
