"""The harness API as one application over a running sandbox; every call carries the sandbox's token."""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI

from harness.api import problem, routes, run_routes, snapshot_routes
from harness.api.actions import Actions
from harness.api.runs import Runs
from harness.api.sandbox import Sandbox
from harness.api.travel import TimeTravel

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


def api(sandbox: Sandbox, token: str) -> FastAPI:
    """The application; its `state` holds sandbox, actions and runs."""
    app = FastAPI(
        title="Windtunnel harness", version="1", docs_url="/docs", redoc_url=None,
        description="State of the sandbox, actions, books, exceptions, clock, and runs of stories.",
    )  # fmt: skip
    app.state.sandbox, app.state.actions, app.state.runs = sandbox, Actions(sandbox.world), Runs()
    app.state.travel = TimeTravel(sandbox, app.state.actions)
    problem.install(app)
    app.include_router(routes.router)
    app.include_router(run_routes.router)
    app.include_router(snapshot_routes.router)
    app.add_middleware(Guard, token=token)
    return app


class Guard:
    """ASGI middleware: nothing without the token."""

    def __init__(self, app: App, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Let a call through that carries the token; the documentation of the API is open."""
        if scope["type"] == "http" and scope["path"] not in ("/docs", "/openapi.json"):
            sent = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(sent, self._expected):
                refusal = problem.answer(401, "send the header Authorization: Bearer TOKEN; `windtunnel env` prints it")
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
