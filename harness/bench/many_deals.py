"""Many customers' deals closed at once on a running stack: customers a second, and where the time goes."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from harness.bench.measure import Figure
from harness.calls import calls_by_operation
from harness.events import EventStream, RunEvent
from harness.runner import run_story
from harness.scenario import Scenario, read_story
from harness.stack.launch import Stack

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


async def many_deals(stack: Stack, customers: int) -> list[Figure]:
    """From the moment in which all are won until all is posted and quiet."""
    before: dict[str, float] = {}
    calls_before = await calls_by_operation(stack.world)
    begun = 0.0

    def mark(event: RunEvent) -> None:
        nonlocal begun
        if event.kind == "step" and event.facts.get("verb") == "close" and event.facts.get("state") == "begun":
            begun = time.monotonic()
            before.update(_cpu_s(stack))

    took, spent = await _played(stack, _story(customers), mark, lambda: (time.monotonic() - begun, _cpu_s(stack)))
    calls = await calls_by_operation(stack.world)
    calls.subtract(calls_before)
    figures = [
        Figure(f"{customers} customers live, won to posted", customers / took, "customers/s", note=f"{took:.1f} s"),
        Figure("core: calls to systems", calls.total() / customers, "calls/customer",
               note=", ".join(f"{count} {name}" for name, count in calls.most_common(6))),
    ]  # fmt: skip
    used = {name: spent[name] - before.get(name, 0.0) for name in spent}
    total = sum(used.values())
    for name, seconds in sorted(used.items(), key=lambda one: -one[1]):
        note = f"{100 * seconds / total:.0f} % of all CPU; {100 * seconds / took:.0f} % of the time on a core"
        figures.append(Figure(f"{name}: CPU", 1000 * seconds / customers, "ms/customer", note=note))
    return figures


async def _played(
    stack: Stack, story: Scenario, mark: Callable[[RunEvent], None], read: Callable[[], tuple[float, dict[str, float]]]
) -> tuple[float, dict[str, float]]:
    """Play it; what `read` says once all is quiet, before anything is judged."""
    seen: list[tuple[float, dict[str, float]]] = []

    stream = EventStream(stack.world.now)
    stream.subscribe(mark)
    stream.subscribe(lambda event: seen.append(read()) if _all_quiet(event) else None)
    result = await run_story(story, stack.world, stream)
    if result.outcome != "holds":
        raise RuntimeError(f"many deals: {result.findings[:3]}")
    return seen[-1]


def _all_quiet(event: RunEvent) -> bool:
    return event.kind == "step" and event.facts.get("verb") == "settle" and event.facts.get("state") == "done"


def _story(customers: int) -> Scenario:
    names = [f"c{number}" for number in range(customers)]
    steps = [
        {"customer": {"id": name, "name": f"Customer {name}", "entity": "US", "country": "US", "state": "IL",
                      "city": "Chicago"}}
        for name in names
    ] + [
        {"deal": {"id": f"{name}-1", "customer": name, "lines": [{"sku": "PLAT-ANNUAL", "quantity": 2}]}}
        for name in names
    ]  # fmt: skip
    closing = [{"close": [f"{name}-1" for name in names]}, "settle"]
    head = {"story": "many-deals", "title": "Many deals at once", "replay": False}
    return read_story(json.dumps({**head, "steps": [*steps, *closing]}), "many-deals")


def _cpu_s(stack: Stack) -> dict[str, float]:
    """CPU seconds of each process so far, and of this one, which drives and watches them."""
    used = {name: _ticks(pid) / TICKS_A_SECOND for name, pid in stack.pids.items()}
    return used | {"harness": time.process_time()}


def _ticks(pid: int) -> int:
    """User and system time of a process: fields 14 and 15 of its stat line (proc(5)), counted behind its name."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
