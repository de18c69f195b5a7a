"""Webhooks of the platform to a fast receiver on a real socket: how many a second, and in whose order."""

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlencode

import orjson

from harness.bench.measure import Figure
from simulators import subscriptions
from simulators.kit.server import HttpSender, fast_loop
from simulators.kit.system import Settings, System

CUSTOMERS = 100
EVENTS = 3_000
BAR = "at least 1000"


class _Receiver:
    """Says 200 to everything and keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def deliveries() -> list[Figure]:
    """Deliveries a second by the wall and by processor time (receiver included), and those out of order: none."""
    with asyncio.Runner(loop_factory=fast_loop) as runner:
        wall_s, cpu_s, bodies = runner.run(_deliver())
    versions: dict[str, int] = {}
    late = 0
    for body in bodies:
        customer = orjson.loads(body)["content"]["customer"]
        late += customer["resource_version"] < versions.get(customer["id"], 0)
        versions[customer["id"]] = customer["resource_version"]
    if late:
        raise RuntimeError(f"{late} of {len(bodies)} webhooks overtook an older one of their customer")
    note = f"{CUSTOMERS} customers, one endpoint, none out of order"
    return [
        Figure("webhooks to a fast receiver", len(bodies) / wall_s, "/s", bar=BAR, note=note),
        Figure("webhooks, by processor time", len(bodies) / cpu_s, "/s", note="with the receiver in the same process"),
    ]


async def _deliver() -> tuple[float, float, list[bytes]]:
    receiver, sender = _Receiver(), HttpSender()
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks"
    site = subscriptions.create(Settings(wire=time.time, sender=sender, genesis=time.time(), profile="none"))
    with site.store.transaction():
        site.seed({"webhook_endpoints": [{"id": "fast", "url": url}]})
    for number in range(EVENTS):
        customer = f"/customers/c{number % CUSTOMERS}" if number >= CUSTOMERS else "/customers"
        fields = {"company": f"Company {number}"} if number >= CUSTOMERS else {"id": f"c{number}"}
        await _post(site, customer, fields)
    begun, spent = time.perf_counter(), time.process_time()
    await site.start()
    while len(receiver.bodies) < EVENTS:
        await asyncio.sleep(0.01)
    wall_s, cpu_s = time.perf_counter() - begun, time.process_time() - spent
    await site.stop()
    await sender.close()
    server.close()
    return wall_s, cpu_s, receiver.bodies


async def _post(site: System, path: str, fields: dict[str, str]) -> None:
    body = urlencode(fields).encode()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"{path} was answered by {message['status']}")

    headers = {b"authorization": b"Basic dGVzdF9rZXk6", b"content-type": b"application/x-www-form-urlencoded"}
    scope = {
        "type": "http", "method": "POST", "path": f"/api/v2{path}", "raw_path": f"/api/v2{path}".encode(),
        "query_string": b"", "headers": list(headers.items()),
    }  # fmt: skip
    await site.app(scope, receive, send)
