"""Serves the harness API on the loop that owns the sandbox, and ends it with the sandbox."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from harness.api.app import api
from harness.api.sandbox import Sandbox
from harness.stack.launch import Stack


class _Quiet(uvicorn.Server):
    """A server that leaves signals to the command that owns the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture."""
        yield


@asynccontextmanager
async def serving(stack: Stack, host: str, port: int, token: str) -> AsyncIterator[str]:
    """Hand out the API's address; `port` must be free."""
    sandbox = Sandbox(stack)
    app = api(sandbox, token)
    config = uvicorn.Config(app, lifespan="off", log_level="error", access_log=False, timeout_graceful_shutdown=2)
    server = _Quiet(config)
    listener = socket.create_server((host, port))
    task = asyncio.get_running_loop().create_task(server.serve([listener]))
    sandbox.open()
    app.state.travel.start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await app.state.travel.close()
        await app.state.runs.close()
        await app.state.actions.close()
        await sandbox.close()
        await asyncio.gather(task, return_exceptions=True)
        listener.close()
