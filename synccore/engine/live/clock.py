"""Real time; business time may follow another server's HTTP `Date`, as a sandbox's clock may run ahead."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

import aiohttp
import structlog

log = structlog.get_logger("clock")

Look = Callable[[], Awaitable[float]]
_FIRST_TRIES = 20
_FIRST_WAIT_S = 0.25


class LiveClock:
    """See `ports.clock.Clock`. Without `look`, business time is wire time.

    `look` answers the source's time in whole seconds, rounded down. Business time never goes back: when the source
    is behind, it stands still until the source has caught up.
    """

    def __init__(self, look: Look | None = None, poll_s: float = 1.0, wire: Callable[[], float] = time.time) -> None:
        self._look, self._poll_s, self._wire = look, poll_s, wire
        self._offset = 0.0
        self._latest = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Business time."""
        self._latest = max(self._latest, self._wire() + self._offset)
        return self._latest

    def wire(self) -> float:
        """Wire time."""
        return self._wire()

    async def sleep(self, seconds: float) -> None:
        """Wait that many wire seconds."""
        await asyncio.sleep(seconds)

    async def start(self) -> None:
        """Begin to follow the source; raises OSError when it does not answer at first."""
        if self._look is None:
            return
        for attempt in range(_FIRST_TRIES):
            try:
                await self.follow()
                break
            except OSError:
                if attempt == _FIRST_TRIES - 1:
                    raise
                await asyncio.sleep(_FIRST_WAIT_S)
        self._task = asyncio.get_running_loop().create_task(self._keep_following())

    async def follow(self) -> None:
        """Look once: the source's answer bounds its true time from both sides, and the offset keeps within them."""
        assert self._look is not None
        before = self._wire()
        seen = await self._look()
        after = self._wire()
        self._offset = min(max(self._offset, seen - after), seen + 1.0 - before)

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                pass
        if isinstance(self._look, HttpDate):
            await self._look.close()

    async def _keep_following(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                await self.follow()
            except OSError as error:
                log.warning("the time source does not answer", error=str(error))


class HttpDate:
    """Looks at the `Date` of whatever a URL answers, over one connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self) -> float:
        """Epoch seconds; raises OSError when there is no usable answer."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5.0))
        try:
            async with self._session.get(self._url, allow_redirects=False) as answer:
                return parsedate_to_datetime(answer.headers["Date"]).timestamp()
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as error:
            raise OSError(f"no time from {self._url}: {error!r}") from error

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def clock_of(source: str, poll_s: float) -> LiveClock:
    """The clock that a TIME_SOURCE means: `system` or a URL."""
    return LiveClock() if source == "system" else LiveClock(HttpDate(source), poll_s)
