"""The providers for the time of a verification: simulators, and the core's told events, on one local socket each."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from harness.scenario import load_world
from harness.simulation.hangar import CREATE, credentials
from harness.world import SystemName
from simulators.kit.server import bound_socket
from simulators.kit.system import Settings, System

App = Callable[[Any, Any, Any], Awaitable[None]]
GENESIS = 1_767_603_600.0  # 2026-01-05T09:00Z: a verification does not depend on the day it is run
CONTROL = "pact"
STATE, MESSAGE = "/_pact/state", "/_pact/message"
HOST = "127.0.0.1"


@dataclass
class Answered:
    """One answer of a provider, in order, so that a refusal can be told in the provider's own words."""

    status: int
    body: bytes


@dataclass
class Listening:
    """The application on its way to the verifier, listened to; answers about states are not the provider's."""

    app: App
    answers: list[Answered] = field(default_factory=list)
    broken_states: list[str] = field(default_factory=list)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        heard = Answered(0, b"")

        async def hear(message: Any) -> None:
            if message["type"] == "http.response.start":
                heard.status = message["status"]
            else:
                heard.body += message.get("body", b"")
            await send(message)

        await self.app(scope, receive, hear)
        if scope["path"] != STATE:
            self.answers.append(heard)
        elif heard.status >= 400:
            self.broken_states.append(str(json.loads(heard.body).get("detail")))


async def _nobody(*_request: Any) -> int:
    raise ConnectionRefusedError("a verification has no webhook receivers")


def system_app(name: SystemName) -> System:
    """A simulator, seeded with the default company, at a fixed business time."""
    settings = Settings(
        wire=time.time, sender=_nobody, genesis=GENESIS, control_token=CONTROL, profile="none",
        credentials=credentials()[name],
    )  # fmt: skip
    system = CREATE[name](settings)
    with system.store.transaction():
        system.seed(load_world("default").seed(name))
    system.remember()
    return system


def message_app(messages: Mapping[str, Any], states: Container[str]) -> App:
    """Told events by the first word of the description that a consumer expects; 404 for unknown ones, and states."""

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        asked = json.loads(body)
        found: Any
        if scope["path"] == STATE:
            name = str(asked.get("state"))
            found = {} if name in states else None
        else:
            name = asked["description"]
            found = messages.get(name.partition(" ")[0])
        content = found if found is not None else {"detail": f"nothing here is '{name}'"}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 404 if found is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(content).encode()})

    return app


@contextlib.contextmanager
def served(app: App) -> Iterator[int]:
    """The application on a free local port, in a thread of its own."""
    sock = bound_socket(HOST, 0)
    config = uvicorn.Config(app, interface="asgi3", lifespan="auto", log_level="critical", access_log=False,
                            timeout_graceful_shutdown=1)  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])), daemon=True)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()
