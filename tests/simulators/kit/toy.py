"""A system of two operations, to test the kit without a vendor."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.kinds import Kind
from simulators.kit.limits import Limits
from simulators.kit.system import Rows, Settings, System
from simulators.kit.wire import Refusal


class Toy(System):
    """Things with a colour; each new thing is announced by a webhook."""

    name = "toy"
    kinds = (Kind("thing", index=("color",), unique=("label",)),)
    limits = Limits(per_window=3, window_s=60, concurrent=2, per_day=100)
    webhook_schedule_s = (10.0, 100.0)
    max_body = 1_000
    alive = True

    def build(self) -> None:
        self.routes.add("GET", "/things/{id}", "thing.get", self.get)
        self.routes.add("POST", "/things", "thing.create", self.create)
        self.routes.add("POST", "/broken", "broken", self.broken)

    def begin(self) -> None:
        self.store.put("thing", {"id": "0", "color": "grey", "label": "first"})

    def seed(self, data: Mapping[str, Any]) -> dict[str, int]:
        for row in data["things"]:
            self.store.put("thing", row)
        return {"things": len(data["things"])}

    def books(self) -> dict[str, Rows]:
        return {"document": self.store.find("thing")}

    def forget(self) -> None:
        self.alive = True

    def authenticate(self, call: Call) -> Answer | None:
        return None if self.alive else json_answer(401, {"error": "expired"})

    def expire_credentials(self) -> None:
        self.alive = False

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return json_answer(429 if "limit" in reason else status, {"error": reason}, headers=headers)

    async def handle(self, call: Call) -> Answer:
        match = self.match(call)
        if match.route is None:
            return json_answer(405 if match.allowed else 404, {"allowed": match.allowed})
        return await match.route.endpoint(call, **match.arguments)

    async def get(self, call: Call, id: str) -> Answer:
        found = self.store.get("thing", id)
        return json_answer(404, {}) if found is None else json_answer(200, found)

    async def create(self, call: Call) -> Answer:
        with self.store.transaction():
            thing = {"id": str(self.store.next("thing")), **orjson.loads(call.body)}
            self.store.put("thing", thing)
            self.outbox.post(thing["id"], "thing_created", "hook", "http://hook", {}, orjson.dumps(thing), call.at)
        return json_answer(201, thing)

    async def broken(self, call: Call) -> Answer:
        raise RuntimeError("a defect")


class Receiver:
    """Where webhooks go: remembers bodies, answers as told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.statuses: list[int | None] = []

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        self.bodies.append(body)
        status = self.statuses.pop(0) if self.statuses else 200
        if status is None:
            raise ConnectionRefusedError("nobody there")
        return status


class Hands:
    """A wire clock that a test moves by hand."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def toy(**settings: Any) -> tuple[Toy, Receiver, Hands]:
    """A fresh toy at business time 0."""
    receiver, hands = Receiver(), Hands()
    values: dict[str, Any] = {"wire": hands, "sender": receiver, "genesis": 0.0, "profile": "none", **settings}
    return Toy(Settings(**values)), receiver, hands


class Cut(Exception):
    """The connection broke; `applied` says whether the system had done its work."""

    def __init__(self, applied: bool) -> None:
        super().__init__(applied)
        self.applied = applied


async def ask(
    system: System, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request through the ASGI application."""
    sent: list[Any] = []
    target, _, query = path.partition("?")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    cut: list[bool] = []
    scope = {
        "type": "http", "method": method, "path": target, "raw_path": target.encode(), "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "scheme": "http", "extensions": {"abort": lambda *, applied: cut.append(applied)},
    }  # fmt: skip
    await system.app(scope, receive, send)
    if cut:
        raise Cut(cut[0])
    answer = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answer, b"".join(message.get("body", b"") for message in sent[1:])


def run(coroutine: Any) -> Any:
    """Run to the end on a fresh loop."""
    return asyncio.run(coroutine)
