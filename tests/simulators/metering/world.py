"""A metering in this process with a clock that stands until the test moves it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from simulators.kit.system import Settings
from simulators.metering import create

GENESIS = 1_767_603_600.0  # 2026-01-05T09:00Z
METERS = {"meters": [{"id": "api-calls", "name": "API calls", "unit": "call"}, {"id": "storage"}]}


class Reply:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.text = status, headers, body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class World:
    def __init__(self, seed: dict[str, Any] | None = None, token: str = "t0ken") -> None:
        self.wire = 0.0
        settings = Settings(wire=lambda: self.wire, sender=None, genesis=GENESIS, credentials={"token": token})  # type: ignore[arg-type]
        self.metering = create(settings)
        self.metering.seed(METERS if seed is None else seed)

    async def call(self, method: str, target: str, body: Any = None, token: str = "t0ken") -> Reply:
        path, _, query = target.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"host", b"metering")],
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.metering.app(scope, receive, send)
        notes = [entry for entry in self.metering.journal.after(0, 10_000)[0] if entry.get("level") == "defect"]
        assert not notes, notes
        return Reply(sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, sent[1]["body"])

    async def use(self, key: str | None, quantity: str, time: str = "2026-01-05T08:00:00Z", **more: Any) -> Reply:
        event = {"subscription": "sub-1", "meter": "api-calls", "quantity": quantity, "time": time, **more}
        return await self.call("POST", "/v1/events", event if key is None else {"id": key, **event})

    async def feed(self, query: str = "") -> list[Any]:
        found: list[Any] = []
        page = (await self.call("GET", f"/v1/events?{query}")).json
        found += page["events"]
        while page["next_cursor"]:
            page = (await self.call("GET", f"/v1/events?{query}&cursor={page['next_cursor']}")).json
            found += page["events"]
        return found

    async def pass_time(self, seconds: float) -> None:
        target = self.metering.clock.now() + seconds
        while (due := self.metering.jobs.next_due()) is not None and due <= target:
            self.metering.clock.jump(due)
            await self.metering.jobs.drained()
        self.metering.clock.jump(target)
        assert not self.metering.jobs.failures


def play(story: Callable[[World], Awaitable[None]], **made: Any) -> World:
    world = World(**made)

    async def run() -> None:
        await world.metering.start()
        try:
            await story(world)
        finally:
            await world.metering.stop()

    asyncio.run(run())
    return world
