"""Systems as processes: start, memory, record GETs and POSTs over a socket beside a bare FastAPI server."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from harness.bench.many_deals import many_deals
from harness.bench.measure import Figure
from harness.drivers.sales import API, Sales
from harness.scenario import load_story, load_world
from harness.stack.home import free_port
from harness.stack.launch import Plan, Stack, launch
from harness.world import SYSTEMS

STORIES = Path(__file__).parents[2] / "scenarios"
TASKS = 16


async def processes(customers: int = 50, requests: int = 3_000) -> list[Figure]:
    """All measurements that need a stack of processes."""
    story = load_story(STORIES / "new-business.yaml")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="windtunnel-bench-") as folder:
        plan = Plan(load_world(story.world), story.genesis, Path(folder), profile="roomy")
        begun = time.monotonic()
        async with launch(plan) as stack:
            figures.append(Figure("whole stack started and seeded", time.monotonic() - begun, "s", bar="6"))
            figures += [_memory(name, pid) for name, pid in stack.pids.items()]
            figures += await _calls(stack, requests)
            figures += await many_deals(stack, customers)
    for name in SYSTEMS:
        figures.append(await _start(name))
    return figures


def _memory(name: str, pid: int) -> Figure:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    return Figure(f"{name}: resident memory", kilobytes / 1024, "MB", bar="120")


async def _start(name: str) -> Figure:
    """From exec to ready line, median of three."""
    took = []
    for _ in range(3):
        begun = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"simulators.{name}", "--port", "0",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        await process.stdout.readline()
        took.append(time.monotonic() - begun)
        process.terminate()
        await process.wait()
    return Figure(f"{name}: start", statistics.median(took), "s", bar="1.5")


async def _rate(url: str, headers: Mapping[str, str], requests: int, body: bytes | None = None) -> float:
    """GETs, or POSTs of a body, a second over keep-alive connections."""
    verb, sent = ("GET", {}) if body is None else ("POST", {"content-type": "application/json"})
    connector = aiohttp.TCPConnector(limit=TASKS)
    async with aiohttp.ClientSession(connector=connector, headers={**headers, **sent}, trust_env=False) as client:

        async def worker(count: int) -> None:
            for _ in range(count):
                async with client.request(verb, url, data=body) as answer:
                    await answer.read()
                    if answer.status not in (200, 201):
                        raise RuntimeError(f"{url} answered {answer.status}")

        begun = time.monotonic()
        await asyncio.gather(*(worker(requests // TASKS) for _ in range(TASKS)))
        return requests / (time.monotonic() - begun)


async def _calls(stack: Stack, requests: int) -> list[Figure]:
    """A record GET and POST with authentication, limits (profile roomy), faults, journal and change events on, beside
    bare routes.
    """
    world = stack.world
    sales = Sales(world)
    account = await sales.create("Account", {"Name": "Bench", "Selling_Entity__c": "US", "BillingCountry": "US"})
    token = {"authorization": f"Bearer {sales._token}"}
    url = f"{stack.addresses.systems['salesforce']}{API}/sobjects/Account/{account}"
    body = (await world.call("salesforce", "GET", f"{API}/sobjects/Account/{account}", token)).body
    port = free_port("127.0.0.1")
    bare = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness.bench.baseline", str(port), json.dumps(json.loads(body))
    )
    try:
        other = f"http://127.0.0.1:{port}"
        await _until_up(f"{other}/get")
        sent = b'{"Name":"Bench","Selling_Entity__c":"US","BillingCountry":"US"}'
        return [
            await _beside("GET", (url, token, requests), (f"{other}/get", {}, requests)),
            await _beside(
                "POST", (url.rpartition("/")[0], token, requests, sent), (f"{other}/post", {}, requests, sent)
            ),
        ]
    finally:
        bare.terminate()
        await bare.wait()


async def _beside(verb: str, one: tuple[Any, ...], other: tuple[Any, ...]) -> Figure:
    ours, theirs = [], []
    for _ in range(5):
        theirs.append(await _rate(*other))
        ours.append(await _rate(*one))
    ratio = statistics.median(mine / plain for mine, plain in zip(ours, theirs, strict=True))
    note = "profile roomy; the client is Python too and takes its share of both"
    mine, plain = statistics.median(ours), statistics.median(theirs)
    return Figure(f"Salesforce record {verb} over a socket", mine, "req/s", plain, ratio, "at least 1.0", note)


async def _until_up(url: str) -> None:
    async with aiohttp.ClientSession(trust_env=False) as client:
        for _ in range(200):
            try:
                async with client.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    raise RuntimeError("the bare server did not come up")
