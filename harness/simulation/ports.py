"""The core's ports in simulation: each works while its incarnation lives, and has a crash point before and after."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from harness.simulation.asgi import App, ConnectionBroke, UnderWay, finish, request
from harness.simulation.incarnation import Incarnation
from synccore import bootstrap
from synccore.ports.stores import Unit
from synccore.ports.transport import NoAnswer, NotSent, Request, Response

T = TypeVar("T")


class SimulatedClock:
    """See `ports.clock.Clock`."""

    def __init__(self, wire: Callable[[], float], now: Callable[[], float], life: Incarnation) -> None:
        self.wire, self.now, self._life = wire, now, life

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)
        await self._life.awake()
        if self._life.dead:
            await self._life.never()


class SimulatedChance:
    """See `ports.chance.Chance`: named streams, each a function of the seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._streams: dict[str, Random] = {}

    def _stream(self, name: str) -> Random:
        if name not in self._streams:
            self._streams[name] = Random(f"{self._seed}/{name}")
        return self._streams[name]

    def uniform(self, stream: str) -> float:
        """See Chance."""
        return self._stream(stream).random()

    def token(self, stream: str) -> str:
        """See Chance."""
        return hashlib.blake2b(f"{self._stream(stream).random()}".encode(), digest_size=16).hexdigest()


class SimulatedTransport:
    """See `ports.transport.Transport`: requests go to applications of this process, by host name."""

    def __init__(
        self, hosts: Mapping[str, App], life: Incarnation, sent: Callable[[str, str], None], under_way: UnderWay
    ) -> None:
        self._hosts, self._life, self._sent, self._under_way = hosts, life, sent, under_way

    async def send(self, request_: Request) -> Response:
        """See Transport."""
        life = self._life
        url = urlsplit(request_.url)
        host, path, query = url.netloc, url.path, url.query
        await life.turn()
        if not life.passes(f"send {request_.method} {path}"):
            await life.never()
        app = self._hosts.get(host)
        if app is None:
            raise NotSent(f"no such host: {host}")
        self._sent(host, f"{request_.method} {path}")
        target = f"{path}?{query}" if query else path
        headers = {"host": host, **request_.headers}
        loop, timeout_s = asyncio.get_running_loop(), request_.timeout_s
        begun = loop.time()
        try:
            raw = await request(app, request_.method, target, headers, request_.body, timeout_s, self._under_way)
        except ConnectionBroke as broke:
            await life.point("broken")
            if broke.applied or loop.time() > begun:  # a connection that breaks after a while was made before
                raise NoAnswer("connection cut") from None
            raise NotSent("connection refused") from None
        except TimeoutError:
            await life.point("timed out")
            raise NoAnswer(f"no answer within {request_.timeout_s} s") from None
        if not life.passes(f"sent {request_.method} {path}"):
            await life.never()
        await life.awake()
        return _response(raw.status, raw.headers, raw.body)


def _response(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    declared = headers.get("content-length")
    if declared is not None and len(body) < int(declared):
        raise NoAnswer("the answer broke off")
    return Response(status, headers, body)


class Drop(Protocol):
    """The legacy system's file drop, called in process."""

    async def listdir(self, user: str, folder: str) -> list[str]:
        """Names in a folder."""
        ...

    async def read(self, user: str, path: str) -> bytes:
        """A file."""
        ...

    async def write(self, user: str, path: str, data: bytes) -> None:
        """Create or replace."""
        ...

    async def rename(self, user: str, old: str, new: str) -> None:
        """Rename."""
        ...

    async def remove(self, user: str, path: str) -> None:
        """Delete."""
        ...


class SimulatedFiles:
    """See `ports.files.FileDrop`: the partner's view of the drop."""

    def __init__(
        self, drop: Drop, user: str, life: Incarnation, timeout_s: float, called: Callable[[str], None],
        under_way: UnderWay,
    ) -> None:  # fmt: skip
        self._drop, self._user, self._life, self._timeout_s, self._called = drop, user, life, timeout_s, called
        self._under_way = under_way

    async def _call(self, name: str, operation: Callable[[], Any]) -> Any:
        await self._life.turn()
        await self._life.point(f"file {name}")
        self._called(name)
        try:
            result = await finish(operation(), self._timeout_s, self._under_way)
        except (FileNotFoundError, PermissionError, FileExistsError):
            await self._life.point(f"refused {name}")
            raise
        except ConnectionRefusedError as error:
            await self._life.point(f"refused {name}")
            raise NotSent(str(error)) from None
        except (OSError, TimeoutError) as error:
            await self._life.point(f"lost {name}")
            raise NoAnswer(str(error)) from None
        await self._life.point(f"filed {name}")
        return result

    async def listdir(self, folder: str) -> list[str]:
        """See FileDrop."""
        names: list[str] = await self._call("list", lambda: self._drop.listdir(self._user, folder))
        return names

    async def read(self, path: str) -> bytes:
        """See FileDrop."""
        data: bytes = await self._call("read", lambda: self._drop.read(self._user, path))
        return data

    async def write(self, path: str, data: bytes) -> None:
        """See FileDrop."""
        await self._call("write", lambda: self._drop.write(self._user, path, data))

    async def rename(self, old: str, new: str) -> None:
        """See FileDrop."""
        await self._call("rename", lambda: self._drop.rename(self._user, old, new))

    async def remove(self, path: str) -> None:
        """See FileDrop."""
        await self._call("remove", lambda: self._drop.remove(self._user, path))


class SimulatedDatabase:
    """See `ports.database.Database`: the real stores on the harness's connection, with a crash point on each side."""

    def __init__(self, connection: sqlite3.Connection, life: Incarnation, committed: Callable[[int], None]) -> None:
        self._connection, self._life, self._committed = connection, life, committed
        self._inner = bootstrap.inline_database(connection)

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """See Database."""
        life = self._life
        await life.turn()
        if not life.passes("commit"):
            await life.never()
        await life.awake()
        before = self._connection.total_changes
        result = await self._inner.run(fn)
        self._committed(self._connection.total_changes - before)
        if not life.passes("committed"):
            await life.never()
        await life.awake()
        return result
