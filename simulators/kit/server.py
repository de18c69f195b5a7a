"""Serve a system on a real socket: `python -m simulators.NAME`; prints one JSON line when it is ready."""

import argparse
import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from simulators.kit.protocol import SystemProtocol
from simulators.kit.system import Settings, System

if TYPE_CHECKING:
    import aiohttp


class HttpSender:
    """Deliver webhooks over real HTTP."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        """See `outbox.Sender`."""
        import aiohttp  # noqa: PLC0415 - a seventh of a second that a system without webhooks need not spend

        if self._session is None:
            self._session = aiohttp.ClientSession()
        limit = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._session.request(method, url, headers=headers, data=body, timeout=limit) as answer:
                await answer.read()
                return answer.status
        except aiohttp.ClientError as error:
            raise OSError(str(error)) from error

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one; a taken port raises OSError."""
    # named as TCP, or asyncio leaves Nagle on and each answer waits 40 ms for an acknowledgement
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(512)
    return sock


def fast_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it exists (it comes with uvicorn[standard]; Windows has none), else asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


Extra = Callable[[System, argparse.Namespace], Awaitable[dict[str, Any]]]
"""Opens what a system serves beside HTTP; appends how to close it to `args.closing`; its facts join the ready line."""


def configured(system: System, **more: Any) -> uvicorn.Config:
    """How a system is served over HTTP: nothing stands between its connections and itself."""
    return uvicorn.Config(
        system.app, interface="asgi3", http=SystemProtocol, log_level="warning", access_log=False,
        server_header=False, date_header=False, timeout_graceful_shutdown=2, ws="none", proxy_headers=False, **more,
    )  # fmt: skip


class _Server(uvicorn.Server):
    """Answers who is being held before it waits for calls in flight to end."""

    def __init__(self, config: uvicorn.Config, system: System) -> None:
        super().__init__(config)
        self._system = system

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._system.release()
        await super().shutdown(sockets)


async def serve(system: System, args: argparse.Namespace, sender: HttpSender, extra: Extra | None) -> None:
    """Run until SIGTERM or SIGINT."""
    sock = bound_socket(args.host, args.port)
    server = _Server(configured(system, lifespan="on"), system)
    task = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    facts: dict[str, Any] = {"ready": system.name, "port": sock.getsockname()[1]}
    if extra is not None:
        facts |= await extra(system, args)
    print(json.dumps(facts), flush=True)
    try:
        await task
    finally:
        for close in args.closing:
            await close()
        await sender.close()


def main(create: Callable[[Settings], System], extra: Extra | None = None) -> None:
    """The command line of every system: `--help` says all."""
    parser = argparse.ArgumentParser(description=create.__doc__, prog=f"python -m {create.__module__}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; the ready line says which")
    parser.add_argument("--genesis", type=float, default=None, help="business time at start, epoch seconds (now)")
    parser.add_argument("--seed", default="windtunnel", help="all ids and chance are a function of it")
    parser.add_argument("--data", type=Path, default=None, help="folder to keep the data in (memory only)")
    parser.add_argument("--profile", choices=("vendor", "roomy", "none"), default="roomy", help="request limits")
    parser.add_argument("--settings", type=argparse.FileType(), default=None,
                        help="JSON file with control_token and the vendor's credentials")  # fmt: skip
    args = parser.parse_args()
    secret: dict[str, Any] = json.load(args.settings) if args.settings else {}
    sender = HttpSender()
    settings = Settings(
        wire=time.time, sender=sender, genesis=time.time() if args.genesis is None else args.genesis, seed=args.seed,
        control_token=secret.get("control_token", "control"), profile=args.profile,
        credentials=secret.get("credentials"), data=args.data,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args.secret = secret
    args.closing = []  # what `extra` has opened
    try:
        with asyncio.Runner(loop_factory=fast_loop) as runner:
            runner.run(serve(create(settings), args, sender, extra))
    except OSError as error:
        sys.exit(f"{create.__module__}: cannot listen on {args.host}:{args.port}: {error.strerror or error}")
    except KeyboardInterrupt:
        pass
