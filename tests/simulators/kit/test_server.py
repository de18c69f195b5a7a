"""Over a real socket: an answer can be lost after the work was done, and the process stops when told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
import pytest
import uvicorn

from simulators.kit.calls import Answer, Call
from simulators.kit.faults import Fault
from simulators.kit.server import HttpSender, bound_socket, configured
from tests.simulators.kit.toy import Toy, run, toy


@asynccontextmanager
async def served(system: Toy, keep_alive_s: int = 5) -> AsyncIterator[str]:
    sock = bound_socket("127.0.0.1", 0)
    server = uvicorn.Server(configured(system, lifespan="on", timeout_keep_alive=keep_alive_s))
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


def test_nothing_stands_between_a_connection_and_its_system() -> None:
    """Else no call would be answered where it stands: all would go by way of a scope and a task."""
    system, _, _ = toy()
    config = configured(system, lifespan="off")
    config.load()
    assert config.loaded_app == system.app


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


def test_a_call_that_waits_lets_others_by_and_keeps_its_place_in_its_own_connection() -> None:
    async def story() -> list[bytes]:
        system, _, _ = toy()
        held = asyncio.Event()

        async def slow(call: Call, id: str) -> Answer:
            await held.wait()
            return Answer(200, id.encode())

        system.routes.add("GET", "/slow/{id}", "slow", slow)
        async with served(system) as url, aiohttp.ClientSession() as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            ends = b" HTTP/1.1\r\nHost: x\r\n\r\n"
            writer.write(b"GET /slow/one" + ends + b"GET /things/0" + ends + b"GET /slow/two" + ends)
            async with client.get(f"{url}/things/0") as other:
                assert other.status == 200
            held.set()
            said = b""
            while not said.endswith(b"two"):
                said += await asyncio.wait_for(reader.read(4_096), 5.0)
            writer.close()
        return said.split(b"HTTP/1.1 ")[1:]

    one, thing, two = run(story())
    assert one.endswith(b"\r\n\r\none") and thing.endswith(b'"first"}') and two.endswith(b"\r\n\r\ntwo")


@pytest.mark.parametrize("size", [20, 200_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_come_in_pieces_and_at_any_pace(size: int, chunked: bool) -> None:
    async def story() -> tuple[bytes, int]:
        system, _, _ = toy()
        system.max_body, heard = 1_000_000, []

        async def hear(call: Call) -> Answer:
            heard.append(len(call.body))
            return Answer(200, b"heard")

        system.routes.add("PUT", "/heard", "hear", hear)
        async with served(system) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
            writer.write(b"PUT /heard HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n\r\n")
            for piece in (size // 2, size - size // 2):
                await asyncio.sleep(0.01)
                data = b"x" * piece
                writer.write(b"%x\r\n%b\r\n" % (piece, data) if chunked else data)
            writer.write(b"0\r\n\r\n" if chunked else b"")
            said = await asyncio.wait_for(reader.readuntil(b"heard"), 5.0)
            writer.write(b"PUT /heard HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
            writer.close()  # before its request is whole, so nobody has heard of it
            await asyncio.sleep(0.05)
        return said, sum(heard)

    said, heard = run(story())
    assert said.startswith(b"HTTP/1.1 200 OK\r\ndate: ") and heard == size


def test_a_connection_that_says_nothing_for_a_while_is_closed() -> None:
    async def story() -> tuple[bytes, float]:
        system, _, _ = toy()
        async with served(system, keep_alive_s=1) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            ask = b"GET /things/0 HTTP/1.1\r\nHost: x\r\n\r\n"
            writer.write(ask)
            await asyncio.sleep(0.5)
            writer.write(ask)
            begun = asyncio.get_running_loop().time()
            said = await asyncio.wait_for(reader.read(), 5.0)
            writer.close()
            return said, asyncio.get_running_loop().time() - begun

    said, waited_s = run(story())
    assert said.count(b"200 OK") == 2 and 0.9 < waited_s < 3.0


def test_no_line_break_of_a_header_reaches_the_wire() -> None:
    async def story() -> None:
        system, _, _ = toy()
        system.refuse = lambda *_, **__: Answer(429, headers={"X": "a\r\nSet-Cookie: b"})  # type: ignore[method-assign]
        system.faults.add(Fault(id="f", kind="limit", times=0))
        async with served(system) as url, aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientError):
                await client.get(f"{url}/things/0")

    run(story())
