"""How things are timed: paired rounds in turn, medians, and one row a figure."""

import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure. `ratio` compares with the baseline of the same row; `bar` is what it should not pass."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    bar: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self)


Call = Callable[[], Awaitable[Any]]


async def per_call_us(call: Call, calls: int) -> float:
    """Mean microseconds of processor time of one call over a batch: others may be using the machine."""
    begun = time.thread_time()
    for _ in range(calls):
        await call()
    return (time.thread_time() - begun) / calls * 1e6


async def paired(one: Call, other: Call, calls: int = 300, rounds: int = 9) -> tuple[float, float, float]:
    """Medians of both in microseconds, and the median of the ratios one/other, measured in turn."""
    await per_call_us(one, calls // 3)
    await per_call_us(other, calls // 3)
    gc.collect()
    ones, others, ratios = [], [], []
    for _ in range(rounds):
        first, second = await per_call_us(one, calls), await per_call_us(other, calls)
        ones.append(first)
        others.append(second)
        ratios.append(first / second)
    return statistics.median(ones), statistics.median(others), statistics.median(ratios)
