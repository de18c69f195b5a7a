"""Provider states: what a consumer's contract takes as given, put in place by name so that it can be verified.

`POST /_pact/state` with {"action": "setup" | "teardown", "state": NAME, "params": {...}} is what contract verifiers
send; the answer's members are values that the consumer's requests may name (ids, tokens). A teardown returns to the
remembered data. Verifiers repeat a 5xx for two minutes, so whatever goes wrong here is a 4xx that says what.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import orjson
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from simulators.kit.problem import problem

if TYPE_CHECKING:
    from simulators.kit.system import System

PATH = "/_pact/state"
Params = dict[str, Any]
State = Callable[[Params], Awaitable[Params]]


class StateChange(BaseModel):
    """What verifiers send."""

    model_config = ConfigDict(extra="ignore")

    state: str
    params: Params = Field(default_factory=dict)
    action: Literal["setup", "teardown"] = "setup"


def register(api: FastAPI, system: System) -> None:
    """Add the operation to a system's control page."""

    @api.post(PATH)
    async def change_state(change: StateChange) -> Any:
        """Put a provider state in place, or (teardown) go back to the remembered data."""
        if change.action == "teardown":
            await system.jobs.stop()
            system.reset()
            return {}
        state = system.states.get(change.state)
        if state is None:
            known = "; ".join(sorted(system.states)) or "(none)"
            return problem(404, "No such provider state", f"'{change.state}' is not one of: {known}")
        try:
            return await state(change.params)
        except Exception as error:  # a 5xx would be repeated for minutes
            return problem(422, f"Cannot put '{change.state}' in place", f"{type(error).__name__}: {error}")


async def ask(
    system: System, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[dict[str, str], Any]:
    """A request through the system's own wire, as a client sends it: headers and JSON; ValueError when refused."""
    sent: list[Any] = []
    path, _, query = target.partition("?")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"host": "127.0.0.1", **headers}
    await system.wire(
        {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "scheme": "http", "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        },
        receive, send,
    )  # fmt: skip
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    if sent[0]["status"] >= 400:
        raise ValueError(f"{method} {path} answered {sent[0]['status']}: {answer[:300].decode('utf-8', 'replace')}")
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}, orjson.loads(answer or b"null")
