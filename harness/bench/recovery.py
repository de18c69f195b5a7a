"""How the core recovers: catching up under limits, how many calls a flow takes, and memory over many events."""

import asyncio
import json
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp

from harness.bench.measure import Figure
from harness.events import RunEvent
from harness.scenario import load_story, load_world, read_story
from harness.simulation import Flight, fly
from harness.stack.launch import Plan, Stack, launch
from simulators.subscriptions.app import Subscriptions
from synccore import bootstrap

STORIES = Path(__file__).parents[2] / "scenarios"
CATCH_UP_BAR = "at most 1.2"
AT_ONCE = 20


def catching_up(contracts: int) -> list[Figure]:
    """The core is away while so many contracts renew in one night, about five events each; then it comes back.

    The baseline is what the platform's quota alone imposes on the calls that were let through, the tightest there is.
    """
    bootstrap.configure_logs("error")  # a paused source is a warning, and no line of ours
    steps: list[Any] = [
        {"sell_many": {"id": "bulk", "count": contracts, "entity": "US", "country": "US", "state": "IL",
                       "city": "Chicago", "start": "2025-01-07", "lines": [{"sku": "PLAT-ANNUAL", "quantity": 3}]}},
        {"settle": "12h"}, {"limits": "vendor"}, "kill_core", {"advance": {"until": "2026-01-07T06:00:00Z"}},
        "start_core", {"settle": "48h"},
    ]  # fmt: skip
    head = {"story": "catch-up", "title": "Catching up", "genesis": "2026-01-05T09:00:00Z", "replay": False}
    back, calls = [0.0], list[tuple[float, str, str, int]]()

    def watch(event: RunEvent) -> None:
        facts = event.facts
        if event.kind == "step" and facts.get("verb") == "start_core" and facts.get("state") == "done":
            back[0] = event.at
        elif event.kind == "call" and back[0]:
            status = int(facts.get("status") or 0)
            calls.append((event.at, str(facts["system"]), str(facts.get("operation")), status))

    result, _ = fly(read_story(json.dumps({**head, "steps": steps}), "catch-up"), "1", [watch])
    if result.outcome != "holds":
        raise RuntimeError(f"catching up: {result.findings[:3]}")
    done = max(at for at, _, operation, _ in calls if operation.startswith(("record.create:invoice", "record.upsert")))
    platform = [status for at, system, _, status in calls if system == "subscriptions" and at <= done]
    let_through = sum(status != 429 for status in platform)
    quota = Subscriptions.limits
    assert quota.per_window is not None
    alone_s = let_through / quota.per_window * quota.window_s
    took_s = done - back[0]
    by_system = Counter(system for at, system, _, _ in calls if at <= done)
    note = ", ".join(f"{count / contracts:.1f} {system}" for system, count in by_system.most_common())
    return [
        Figure(f"{contracts} contracts renewed while the core was away: caught up", took_s / 60, "virtual minutes",
               alone_s / 60, took_s / alone_s, CATCH_UP_BAR, f"calls a contract: {note}"),
        Figure("catching up: refused by the platform's limit", platform.count(429), "calls", len(platform)),
    ]  # fmt: skip


def calls_of_a_flow(story: str = "new-business") -> list[Figure]:
    """API calls of a story beside a naive connector's, which makes one for each field that it writes and none to read.

    Every field that the core has sent counts as one of its calls; look-ups and polls count on the core's side alone.
    """
    scenario = load_story(STORIES / f"{story}.yaml")
    fields = Counter[str]()

    class Counted:
        def __init__(self, real: Any) -> None:
            self._real = real

        async def send(self, request: Any) -> Any:
            if request.method != "GET":
                fields["all"] += _fields(request)
            return await self._real.send(request)

    def change(parts: Any) -> Any:
        return replace(parts, transport=lambda real: Counted(parts.transport(real)))

    result, world = fly(scenario, "1", flight=Flight(change=change), replay=False)
    if result.outcome != "holds":
        raise RuntimeError(f"{story} does not hold: {result.findings[:3]}")
    calls, customers = len(world.requests), sum(1 for _ in scenario.facts_of("customer"))
    return [Figure(f"{story}: API calls a customer beside one a field", calls / customers, "calls",
                   fields["all"] / customers, calls / fields["all"], "below 1",
                   "ours with all reads, look-ups and polls")]  # fmt: skip


def _fields(request: Any) -> int:
    """Members that a body sets; a query or a sign-in sets none."""
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    text = request.body.decode("utf-8", "replace")
    if "token" in request.url or "suiteql" in request.url or "/estimates/" in request.url:
        return 0
    if "form" in kind:
        return len(parse_qsl(text, keep_blank_values=True))
    try:
        return _leaves(json.loads(text or "{}"))
    except ValueError:
        return 0


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        parts = value.get("compositeRequest")
        if isinstance(parts, list):
            return sum(_leaves(part.get("body") or {}) for part in parts)
        return sum(_leaves(member) for member in value.values())
    return sum(_leaves(member) for member in value) if isinstance(value, list) else 1


async def memory(events: int) -> list[Figure]:
    """Resident memory of a core that is told so many events by webhook, each stored and told on."""
    story = load_story(STORIES / "new-business.yaml")
    with tempfile.TemporaryDirectory(prefix="windtunnel-bench-") as folder:
        async with launch(Plan(load_world(story.world), story.genesis, Path(folder), profile="roomy")) as stack:
            sizes = []
            for part in range(5):
                await _told(stack, part * events // 5, (part + 1) * events // 5)
                sizes.append(_resident_mb(stack.pids["core"]))
    first, last = sizes[0], sizes[-1]
    note = "after each fifth: " + ", ".join(f"{size:.0f}" for size in sizes)
    return [Figure(f"core's memory after {events:,} events beside a fifth of them", last, "MB", first, last / first,
                   "flat", note)]  # fmt: skip


async def _told(stack: Stack, first: int, last: int) -> None:
    site = stack.addresses.core
    secret = stack.secret.webhook_password
    auth = aiohttp.BasicAuth(stack.secret.webhook_user, secret)
    numbers = iter(range(first, last))
    async with aiohttp.ClientSession(auth=auth, trust_env=False) as client:

        async def worker() -> None:
            for number in numbers:
                async with client.post(f"{site}/webhooks/subscriptions", json=_failed(number)) as answer:
                    if answer.status >= 300:
                        raise RuntimeError(f"the core answered {answer.status}: {await answer.text()}")

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def _failed(number: int) -> dict[str, Any]:
    """A charge that did not go through: it is stored, and told on as an event."""
    transaction = {"id": f"txn_bench_{number}", "customer_id": "001000000000001AAA-US", "status": "failure",
                   "amount": 100, "currency_code": "USD", "error_text": "declined"}  # fmt: skip
    return {"id": f"ev_bench_{number}", "event_type": "payment_failed", "occurred_at": 1767603600,
            "content": {"transaction": transaction}}  # fmt: skip


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
