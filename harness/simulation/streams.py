"""The core's channel to Salesforce's event bus in simulation: the service's own coroutines, messages as bytes."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from harness.simulation.asgi import UnderWay, finish
from harness.simulation.incarnation import Incarnation
from simulators.salesforce import SERVICE, Failed, PubSub
from synccore.ports.streams import Metadata, Refused
from synccore.ports.transport import NoAnswer


class SimulatedChannel:
    """See `ports.streams.Channel`: calls and streams of one life of the core. `sent` hears each with its name."""

    def __init__(
        self, service: Callable[[], PubSub], life: Incarnation, sent: Callable[[str], None], under_way: UnderWay
    ) -> None:
        self._service, self._life, self._sent, self._under_way = service, life, sent, under_way
        self._streams: list[SimulatedStream] = []

    async def call(self, method: str, metadata: Metadata, request: bytes, timeout_s: float) -> bytes:
        """See Channel."""
        await self._life.point(f"rpc {method}")
        self._sent(f"RPC /{method}")
        name = method.removeprefix(f"{SERVICE}/")
        try:
            answer: bytes = await finish(self._service().call(name, metadata, request), timeout_s, self._under_way)
        except Failed as failed:
            await self._life.point(f"refused {method}")
            raise Refused(failed.status, failed.code, failed.message) from None
        except TimeoutError:
            await self._life.point(f"lost {method}")
            raise NoAnswer("no answer") from None
        await self._life.point(f"answered {method}")
        return answer

    async def open(self, method: str, metadata: Metadata) -> "SimulatedStream":
        """See Channel."""
        await self._life.point(f"rpc {method}")
        self._sent(f"RPC /{method}")
        stream = SimulatedStream(self._life)
        name = method.removeprefix(f"{SERVICE}/")
        stream.begin(lambda: self._service().stream(name, metadata, stream.line, None))
        self._streams = [one for one in self._streams if not one.ended] + [stream]
        return stream

    async def close(self) -> None:
        """See Channel."""
        self.cut()

    def cut(self) -> None:
        """The caller is gone: whatever serves it ends."""
        for stream in self._streams:
            stream.cut()
        self._streams.clear()


class Post:
    """Messages one way, in order; `None` ends it."""

    def __init__(self) -> None:
        self._waiting: deque[Any] = deque()
        self._came = asyncio.Event()

    def put(self, message: Any) -> None:
        """Add one."""
        self._waiting.append(message)
        self._came.set()

    async def take(self) -> Any:
        """The next one."""
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        return self._waiting.popleft()


class ServerLine:
    """See `PubSub.stream`: the service's end."""

    def __init__(self) -> None:
        self.asked, self.told, self.accepted = Post(), Post(), asyncio.Event()

    async def accept(self) -> None:
        """The first message was taken."""
        self.accepted.set()

    async def read(self) -> bytes | None:
        """What the core sends."""
        message: bytes | None = await self.asked.take()
        return message

    async def write(self, message: bytes) -> None:
        """What the core is to hear."""
        self.told.put(message)


class SimulatedStream:
    """See `ports.streams.Stream`: the core's end. A dead core hears nothing more."""

    def __init__(self, life: Incarnation) -> None:
        self._life, self.line = life, ServerLine()
        self._task: asyncio.Task[None] | None = None
        self._turned_away: Refused | None = None  # instead of being in force

    def begin(self, serve: Callable[[], Awaitable[None]]) -> None:
        """Let the service serve it; one that is cut before it has begun is never asked for."""
        self._task = asyncio.get_running_loop().create_task(self._served(serve))

    @property
    def ended(self) -> bool:
        """The service has ended it."""
        return self._task is None or self._task.done()

    async def _served(self, serve: Callable[[], Awaitable[None]]) -> None:
        ending: Refused | None = None
        try:
            await serve()
        except Failed as failed:
            ending = Refused(failed.status, failed.code, failed.message)
        if not self.line.accepted.is_set():
            self._turned_away = ending
        self.line.told.put(ending)
        self.line.accepted.set()

    async def send(self, message: bytes) -> None:
        """See Stream."""
        self.line.asked.put(message)

    async def in_force(self) -> None:
        """See Stream."""
        await self.line.accepted.wait()
        if self._life.dead:
            await self._life.never()
        if self._turned_away is not None:
            raise self._turned_away

    async def receive(self) -> bytes | None:
        """See Stream."""
        message = await self.line.told.take()
        if self._life.dead:
            await self._life.never()
        if isinstance(message, Exception):
            raise message
        found: bytes | None = message
        return found

    async def close(self) -> None:
        """See Stream."""
        self.cut()

    def cut(self) -> None:
        """The caller is gone."""
        if self._task is not None:
            self._task.cancel()
