"""Tells the core to take stored signals again, and keeps what the books say before and after each time."""

from collections.abc import Mapping
from typing import Any

from harness.books import read_books
from harness.canon import Correlation
from harness.checkers import Replay
from harness.evidence import all_books
from harness.world import Unreachable, World

SIGNALS = 100_000  # all that a story of any size here leaves behind


class ReplayRefused(Exception):
    """The core did not take the order; the message is its answer."""


async def replayed(world: World, correlation: Correlation, order: Mapping[str, Any], times: int) -> list[Replay]:
    """Take the signals of an order (`since`, `until`, `source`, `key`) that often; all is quiet before and after."""
    replays = []
    books = await all_books(world)
    canon = read_books(books, correlation)
    for _ in range(times):
        status, answer = await _ordered(world, {"limit": SIGNALS, **order})
        if status >= 400:
            raise ReplayRefused(str(answer))
        await world.settle(900.0)
        before, books = books, await all_books(world)
        touched = _touched(before, books)
        canons = canon, (canon := read_books(books, correlation) if touched else canon)
        replays.append(Replay(*canons, tuple(touched), int(answer["signals"]), int(answer["work"])))
    return replays


async def _ordered(world: World, order: Mapping[str, Any]) -> tuple[int, Any]:
    """As a person would: once more when the core died of it and is up again."""
    try:
        return await world.core("POST", "/replay", order)
    except Unreachable:
        await world.settle()
        return await world.core("POST", "/replay", order)


def _touched(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The tables that are not as they were, to the last stamp of a record."""
    return [
        f"{system} {table}"
        for system, book in before.items()
        for table, rows in book.items()
        if isinstance(rows, list) and rows != after[system][table]
    ]
