"""A large Salesforce org: loaded in bulk and by seed, and read out whole; single records beside a bare route."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from harness.bench.measure import Figure
from harness.drivers.sales import API
from harness.seeding.salesforce import seed_salesforce
from harness.stack.home import free_port

DEALS_PER_ACCOUNT = 3
TASKS, REQUESTS, ROUNDS = 8, 1_600, 5
ASKED = 100  # queries of each kind
_QUERIES = (
    ("by external id, with its account", "SELECT Id, StageName, Account.Name, Account.Industry, Owner.Name "
     "FROM Opportunity WHERE External_Id__c = 'D{number}'"),
    ("by the account's external id", "SELECT Id, Name, Amount, Account.Name FROM Opportunity "
     "WHERE Account.Billing_Customer_Id__c = 'cb_{number}' ORDER BY CloseDate"),
)  # fmt: skip
_FORM = "grant_type=client_credentials&client_id=windtunnel-core&client_secret=windtunnel-secret"


class _Org:
    """One Salesforce process and a signed-in client of it; what seeding needs of a world and a reader."""

    def __init__(self, url: str, pid: int, client: aiohttp.ClientSession) -> None:
        self.url, self.pid, self.client = url, pid, client

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """JSON in and out; RuntimeError for a refusal."""
        data = json.dumps(body).encode() if isinstance(body, dict | list) else body
        sent = {"content-type": "application/json", **headers}
        async with self.client.request(method, self.url + path, data=data, headers=sent) as answer:
            text = await answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {text[:300]!r}")
        return json.loads(text) if text else None

    async def control(self, _system: str, method: str, path: str, body: Any = None) -> Any:
        """The control page."""
        return await self.call(method, path, body, **{"x-control-token": "control"})

    async def query(self, soql: str) -> list[dict[str, Any]]:
        """The first page of a query."""
        found: list[dict[str, Any]] = (await self.call("GET", f"{API}/query?q={quote(soql)}"))["records"]
        return found

    def memory_mb(self, name: str = "VmRSS") -> float:
        """Resident memory now, or its peak (`VmHWM`)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) / 1024

    def forget_peak(self) -> None:
        """Let the peak begin anew from here."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@asynccontextmanager
async def _started() -> AsyncIterator[_Org]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.salesforce", "--port", "0", "--profile", "none", "--genesis", "1767603600",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    url = f"http://127.0.0.1:{json.loads(await process.stdout.readline())['port']}"
    try:
        async with aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(total=None)) as client:
            org = _Org(url, process.pid, client)
            kind = {"content-type": "application/x-www-form-urlencoded"}
            granted = await org.call("POST", "/services/oauth2/token", _FORM.encode(), **kind)
            client.headers["Authorization"] = f"Bearer {granted['access_token']}"
            yield org
    finally:
        process.terminate()
        await process.wait()


async def org_size(accounts: int) -> list[Figure]:
    """All measurements of an org with so many accounts and three times as many opportunities."""
    deals = accounts * DEALS_PER_ACCOUNT
    figures: list[Figure] = []
    async with _started() as org:
        begun = time.monotonic()
        await _ingest(org, "Account", _account_rows(accounts))
        await _ingest(org, "Opportunity", _deal_rows(accounts, deals))
        took = time.monotonic() - begun
        size = f"{accounts:,} accounts, {deals:,} deals"
        figures.append(Figure(f"{size} by Bulk 2.0", took, "s", note=f"{(accounts + deals) / took:,.0f} rows/s"))
        figures.append(Figure("resident memory then", org.memory_mb(), "MB"))
        figures += await _read_out(org, deals)
        figures += await _beside_empty(org, accounts)
    async with _started() as org:
        begun = time.monotonic()
        today = datetime.fromtimestamp(1767603600, UTC).date()
        made = await seed_salesforce(org, org, accounts, "1", today)  # type: ignore[arg-type]
        took = time.monotonic() - begun
        rows = sum(made.values())
        note = f"{rows:,} rows, {made['Opportunity']:,} of them deals; {rows / took:,.0f} rows/s"
        figures.append(Figure(f"{accounts:,} customers by seed", took, "s", note=note))
        most = f"at most {org.memory_mb('VmHWM'):,.0f}; all rows are in memory, where there is no data folder"
        figures.append(Figure("resident memory then", org.memory_mb(), "MB", note=most))
    return [*figures, *await _beside_bare()]


def _account_rows(count: int) -> Iterator[str]:
    yield "Name,AccountNumber,Industry,BillingCity,BillingCountry,Billing_Customer_Id__c\n"
    for number in range(count):
        yield f'"Customer {number}, Inc.",A{number},Energy,New York,US,cb_{number}\n'


def _deal_rows(accounts: int, count: int) -> Iterator[str]:
    yield "Name,StageName,CloseDate,Amount,External_Id__c,Account.Billing_Customer_Id__c\n"
    for number in range(count):
        stage = "Prospecting" if number % 3 else "Closed Won"
        day, account = f"2026-{number % 12 + 1:02d}-15", f"cb_{number % accounts}"
        yield f"Deal {number},{stage},{day},{number % 1000}.50,D{number},{account}\n"


async def _ingest(org: _Org, kind: str, rows: Iterator[str]) -> None:
    """One job; raises when it does not take every row."""
    base = f"{API}/jobs/ingest"
    job = (await org.call("POST", base, {"operation": "insert", "object": kind}))["id"]
    await org.call("PUT", f"{base}/{job}/batches", "".join(rows).encode(), **{"content-type": "text/csv"})
    await org.call("PATCH", f"{base}/{job}", {"state": "UploadComplete"})
    while (shown := await org.call("GET", f"{base}/{job}"))["state"] in ("UploadComplete", "InProgress"):
        await asyncio.sleep(0.5)
    if shown["state"] != "JobComplete" or shown["numberRecordsFailed"]:
        raise RuntimeError(f"bulk load of {kind}: {shown}")


async def _rate(client: aiohttp.ClientSession, method: str, url: str, body: Any) -> float:
    """Requests a second by several tasks."""

    async def worker() -> None:
        for _ in range(REQUESTS // TASKS):
            async with client.request(method, url, json=body) as answer:
                await answer.read()
                if answer.status >= 300:
                    raise RuntimeError(f"{method} {url} answered {answer.status}")

    begun = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(TASKS)))
    return REQUESTS / (time.monotonic() - begun)


async def _read_out(org: _Org, deals: int) -> list[Figure]:
    """All opportunities by one bulk query, and what the process needed for it at most."""
    base = f"{API}/jobs/query"
    soql = "SELECT Id, Name, StageName, Amount, CloseDate, Account.Name FROM Opportunity"
    begun = time.monotonic()
    job = (await org.call("POST", base, {"operation": "query", "query": soql}))["id"]
    while (await org.call("GET", f"{base}/{job}"))["state"] != "JobComplete":
        await asyncio.sleep(0.2)
    before = org.memory_mb()
    org.forget_peak()
    lines = 0
    async with org.client.get(f"{org.url}{base}/{job}/results") as answer:
        async for block in answer.content.iter_chunked(1 << 16):
            lines += block.count(b"\n")
    took = time.monotonic() - begun
    if lines != deals + 1:
        raise RuntimeError(f"the bulk query gave {lines - 1} rows of {deals}")
    return [
        Figure(f"{deals:,} rows by a bulk query", took, "s", note=f"{deals / took:,.0f} rows/s"),
        Figure("memory that reading them added at most", org.memory_mb("VmHWM") - before, "MB", bar="50"),
    ]


async def _beside_bare() -> list[Figure]:
    """Record GET and POST with everything on, beside a bare FastAPI route with the same bodies."""
    async with _started() as org:
        fields = {"Name": "Bench", "BillingCity": "New York", "Industry": "Energy"}
        made = await org.call("POST", f"{API}/sobjects/Account", fields)
        shown = await org.call("GET", f"{API}/sobjects/Account/{made['id']}")
        port = free_port("127.0.0.1")
        bare = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "harness.bench.baseline", str(port), json.dumps(shown)
        )
        try:
            await _until_up(org.client, f"http://127.0.0.1:{port}/get")
            figures = []
            for method, path, other, body in (
                ("GET", f"{API}/sobjects/Account/{made['id']}", "/get", None),
                ("POST", f"{API}/sobjects/Account", "/post", fields),
            ):
                ours = _Calls(org.client, org.pid, method, org.url + path, body)
                theirs = _Calls(org.client, bare.pid, method, f"http://127.0.0.1:{port}{other}", body)
                mine, plain, ratio, share = await _in_turn(ours, theirs)
                note = (
                    "beside a bare FastAPI route; the client takes its share of both. By the servers' processor time, "
                    f"which other work on the machine does not change: {share:.2f}"
                )
                figures.append(Figure(f"Salesforce record {method}", mine, "req/s", plain, ratio, "at least 1.0", note))
            return figures
        finally:
            bare.terminate()
            await bare.wait()


async def _beside_empty(org: _Org, accounts: int) -> list[Figure]:
    """Indexed queries with parent fields, and record GET and upsert by external id beside an empty org's."""
    figures = [await _query(org, name, soql, accounts) for name, soql in _QUERIES]
    external = f"{API}/sobjects/Account/Billing_Customer_Id__c/probe"
    async with _started() as empty:
        urls = []
        for one in (org, empty):
            made = await one.call("PATCH", external, {"Name": "Probe"})
            urls.append(f"{one.url}{API}/sobjects/Account/{made['id']}")
        upserts = [one.url + external for one in (org, empty)]
        for name, method, ends, body in (("GET", "GET", urls, None), ("upsert", "PATCH", upserts, {"Site": "HQ"})):
            big, small = (_Calls(one.client, one.pid, method, url, body)
                          for one, url in zip((org, empty), ends, strict=True))  # fmt: skip
            mine, other, ratio, share = await _in_turn(big, small)
            note = f"beside an empty org; by the servers' processor time {share:.2f}"
            figures.append(Figure(f"large org: {name}", mine, "req/s", other, ratio, "at least 0.8", note))
    return figures


async def _query(org: _Org, name: str, soql: str, accounts: int) -> Figure:
    took_ms = []
    for number in range(0, accounts, max(1, accounts // ASKED)):
        text = soql.format(number=number)
        begun = time.monotonic()
        rows = await org.query(text)
        took_ms.append((time.monotonic() - begun) * 1e3)
        if not rows:
            raise RuntimeError(f"nothing found by {text}")
    return Figure(f"large org: SOQL {name}", statistics.median(took_ms), "ms", bar="10")


@dataclass(frozen=True)
class _Calls:
    """Calls of one kind: by which client, to which process."""

    client: aiohttp.ClientSession
    pid: int
    method: str
    url: str
    body: Any

    async def rate(self) -> float:
        """Calls a second."""
        return await _rate(self.client, self.method, self.url, self.body)


async def _in_turn(one: _Calls, other: _Calls) -> tuple[float, float, float, float]:
    """Both's calls a second, the median of their ratios, and the ratio by the servers' processor time."""
    ones, others = [], []
    await one.rate()  # the first round of both is not counted: plans are made, caches filled
    await other.rate()
    spent = {calls.pid: -_processor_s(calls.pid) for calls in (one, other)}
    for _ in range(ROUNDS):
        others.append(await other.rate())
        ones.append(await one.rate())
    for pid in spent:
        spent[pid] += _processor_s(pid)
    ratio = statistics.median(mine / plain for mine, plain in zip(ones, others, strict=True))
    return statistics.median(ones), statistics.median(others), ratio, spent[other.pid] / spent[one.pid]


def _processor_s(pid: int) -> float:
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _until_up(client: aiohttp.ClientSession, url: str) -> None:
    for _ in range(400):
        try:
            async with client.get(url):
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{url} did not come up")
