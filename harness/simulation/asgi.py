"""A thin ASGI client: one request to an application in this process, without sockets and without a client library."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulators.kit.eager import rest

App = Callable[[Any, Any, Any], Awaitable[None]]


class ConnectionBroke(Exception):
    """The server cut the connection; `applied` is for the record: the caller must not know."""

    def __init__(self, applied: bool) -> None:
        super().__init__("connection cut")
        self.applied = applied


@dataclass(slots=True)
class Raw:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


UnderWay = list["asyncio.Task[Any]"]
"""What servers are still at, oldest first; done ones may be among them."""


async def finish(coroutine: Any, timeout_s: float | None, under_way: UnderWay | None = None) -> Any:
    """Await a server's coroutine. It goes on by itself when the time-out strikes: a caller that leaves cancels nothing.

    Most answers come without a wait; those cost no task. What does wait is noted in `under_way`. Its time-outs would
    then strike the caller's task, not its own: a server that has any is asked without a `timeout_s`, in one task.
    """
    if timeout_s is None and under_way is None:
        return await coroutine
    try:
        waiting_for = coroutine.send(None)
    except StopIteration as end:
        return end.value
    task = asyncio.get_running_loop().create_task(rest(coroutine, waiting_for))
    task.add_done_callback(_heard)
    if under_way is not None:
        under_way.append(task)
    async with asyncio.timeout(timeout_s):
        return await asyncio.shield(task)


def _heard(task: "asyncio.Task[Any]") -> None:
    """What fails after its caller has left is nobody's news."""
    if not task.cancelled():
        task.exception()


def served(app: App, failed: Callable[[str], object]) -> App:
    """The application behind a server as in real life (uvicorn): what it raises is told to `failed` and answered 500.

    A simulator is asked without one: what it raises is a defect of ours and reaches whoever asked.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        begun = False

        async def noted(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noted)
        except Exception as error:
            failed(repr(error))
            if not begun:
                headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
                await send({"type": "http.response.start", "status": 500, "headers": headers})
                await send({"type": "http.response.body", "body": b"Internal Server Error"})

    return serve


async def request(
    app: App, method: str, url_path: str, headers: Mapping[str, str], body: bytes, timeout_s: float | None,
    under_way: UnderWay | None = None,
) -> Raw:  # fmt: skip
    """Send a request; `url_path` is path and query as on the wire. TimeoutError and ConnectionBroke may come."""
    path, _, query = url_path.partition("?")
    cut: list[bool] = []
    answer = Raw(0, {}, b"")
    chunks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            chunks.append(message.get("body", b""))

    def abort(applied: bool) -> None:
        cut.append(applied)

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode("latin-1"), "query_string": query.encode("latin-1"),
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "extensions": {"abort": abort},
    }  # fmt: skip
    await finish(app(scope, receive, send), timeout_s, under_way)
    if cut:
        raise ConnectionBroke(cut[0])
    answer.body = b"".join(chunks)
    return answer
