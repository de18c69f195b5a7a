"""Periodic rounds in real time: each ticker in a task of its own, never twice at once, woken early by an alarm."""

import asyncio
from dataclasses import dataclass, field

import structlog

from synccore.ports.clock import Clock
from synccore.ports.engine import Ticker

_GAP_S = 0.02  # between two rounds, whatever the alarms say
_LOOK_S = 0.25  # business time may jump: with an alarm set, look at it this often

log = structlog.get_logger("ticker")


@dataclass
class _Beating:
    interval_s: float
    fn: Ticker
    alarm_at: float | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Tickers:
    """All tickers of an engine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tickers: dict[str, _Beating] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, name: str, interval_s: float, fn: Ticker) -> None:
        """See `ports.engine.Engine`."""
        self._tickers[name] = _Beating(interval_s, fn)

    def alarm(self, name: str, at: float) -> None:
        """See `ports.engine.Engine`."""
        ticker = self._tickers[name]
        if ticker.alarm_at is None or at < ticker.alarm_at:
            ticker.alarm_at = at
            ticker.changed.set()

    def start(self) -> None:
        """Begin, each with a first round at once."""
        loop = asyncio.get_running_loop()
        for name, ticker in self._tickers.items():
            task = loop.create_task(self._beat(name, ticker), name=f"ticker {name}")
            self._tasks.append(task)

    async def close(self) -> None:
        """Stop all, in order of creation."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            try:
                await task
            except asyncio.CancelledError:
                pass
        self._tasks.clear()

    async def _beat(self, name: str, ticker: _Beating) -> None:
        while True:
            ticker.alarm_at = None
            try:
                found = await ticker.fn()
                if found.next_due is not None:
                    self.alarm(name, found.next_due)
            except Exception:
                log.exception("round failed", ticker=name)
            await asyncio.sleep(_GAP_S)
            await self._rest(ticker, self._clock.wire() + ticker.interval_s)

    async def _rest(self, ticker: _Beating, deadline: float) -> None:
        """Until the deadline (wire time) or the alarm (business time), whichever comes first."""
        while (left_s := deadline - self._clock.wire()) > 0:
            ticker.changed.clear()
            if ticker.alarm_at is not None:
                until_alarm_s = ticker.alarm_at - self._clock.now()
                if until_alarm_s <= 0:
                    return
                left_s = min(left_s, until_alarm_s, _LOOK_S)
            try:
                async with asyncio.timeout(left_s):
                    await ticker.changed.wait()
            except TimeoutError:
                pass
