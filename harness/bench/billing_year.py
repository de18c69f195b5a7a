"""A year of many subscriptions of the platform: renewals, usage closes, invoices, by the clock alone."""

import asyncio
import resource
import time
from collections.abc import MutableMapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from harness.bench.measure import Figure, paired
from simulators import subscriptions
from simulators.kit.system import Settings, System

GENESIS = 1_767_603_600.0  # 2026-01-05T09:00Z
DAY = 86_400
YEAR_DAYS = 366
CALL_BAR = "at most 1.2"
CATALOG: dict[str, Any] = {
    "site": {"name": "bench", "proration": "day", "usage_close_days": 3},
    "item_families": [{"id": "f", "name": "f"}],
    "items": [
        {"id": "plan", "name": "plan", "type": "plan", "item_family_id": "f"},
        {"id": "used", "name": "used", "type": "addon", "item_family_id": "f", "metered": True},
    ],
    "item_prices": [
        {"id": "plan", "name": "plan", "item_id": "plan", "price": 120_000, "currency_code": "USD",
         "pricing_model": "per_unit", "period": 1, "period_unit": "year"},
        {"id": "used", "name": "used", "item_id": "used", "price": 7, "currency_code": "USD",
         "pricing_model": "per_unit", "period": 1, "period_unit": "month"},
    ],
}  # fmt: skip


class _Standing:
    """A site whose clock stands until it is moved, with so many subscriptions under contract and their usage.

    Its data are in a file, as a running sandbox keeps them: SQLite walks through all pages of a database in memory at
    each commit, which costs a site of 135 MB 80 us a call, and one of 50,000 subscriptions more than all the rest.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.site: System = subscriptions.create(Settings(
            wire=lambda: 0.0, sender=_nobody, genesis=GENESIS, profile="none", journal_capacity=100, data=folder
        ))  # fmt: skip
        with self.site.store.transaction():
            self.site.seed(CATALOG)
        self.done = 0

    async def fill(self, count: int) -> None:
        """One customer and one subscription each: a yearly plan in a contract that renews, and a metered addon."""
        for number in range(count):
            await self.post("/customers", {"id": f"c{number}", "auto_collection": "off"})
            await self.post(f"/customers/c{number}/subscription_for_items", {
                "id": f"s{number}", "subscription_items[item_price_id][0]": "plan",
                "subscription_items[item_price_id][1]": "used", "billing_cycles": "1",
                "contract_term[action_at_term_end]": "renew", "start_date": str(int(GENESIS) + number % 27 * DAY),
            })  # fmt: skip
        with self.site.store.transaction():
            for number in range(count):
                for month in range(1, 12):
                    at = int(GENESIS) + (number % 27 + month * 30) * DAY
                    key = f"u{number}-{month}"
                    self.site.store.put("usage", {
                        "id": key, "subscription_id": f"s{number}", "item_price_id": "used", "quantity": "5",
                        "usage_date": at, "updated_at": at, "resource_version": 1, "deleted": False,
                        "object": "usage", "_slot": key,
                    })  # fmt: skip

    async def year(self) -> tuple[int, float]:
        """Jobs done in a year and the processor seconds that they took."""
        done = self.site.jobs.done

        def counted(job: Any) -> None:
            self.done += 1
            done(job)

        self.site.jobs.done = counted  # type: ignore[method-assign]
        target, begun = GENESIS + YEAR_DAYS * DAY, time.process_time()
        while (due := self.site.jobs.next_due()) is not None and due <= target:
            self.site.clock.jump(due)
            await self.site.jobs.drained()
        if self.site.jobs.failures:
            raise RuntimeError(self.site.jobs.failures[0])
        return self.done, time.process_time() - begun

    async def post(self, path: str, fields: dict[str, str]) -> None:
        """A call with a form."""
        await self.call("POST", path, urlencode(fields).encode())

    async def call(self, method: str, path: str, body: bytes = b"") -> None:
        """A call; anything but 200 is an error."""

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] != 200:
                raise RuntimeError(f"{path} was answered by {message['status']}")

        headers = [(b"authorization", b"Basic dGVzdF9rZXk6"), (b"content-type", b"application/x-www-form-urlencoded")]
        await self.site.app({
            "type": "http", "method": method, "path": f"/api/v2{path}", "raw_path": f"/api/v2{path}".encode(),
            "query_string": b"", "headers": headers,
        }, receive, send)  # fmt: skip


async def _nobody(*_: Any) -> int:
    return 200


def billing_year(count: int) -> list[Figure]:
    """Jobs a processor second with `count` subscriptions beside a tenth of them, memory, and single calls."""
    with TemporaryDirectory(prefix="windtunnel-year-") as folder:
        return asyncio.run(_measure(count, Path(folder)))


async def _measure(count: int, folder: Path) -> list[Figure]:
    few, many = _Standing(folder / "few"), _Standing(folder / "many")
    rates = []
    for standing, size in ((few, max(1, count // 10)), (many, count)):
        await standing.fill(size)
        await standing.site.start()
        jobs, spent_s = await standing.year()
        rates.append(jobs / spent_s)
    invoices = next(many.site.store.rows("SELECT count(*) FROM invoice"))[0]
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    note = f"{count:,} subscriptions, {jobs:,} jobs, {invoices:,} invoices; beside {count // 10:,}"
    figures = [
        Figure("a year of subscriptions", rates[1], "jobs/s", rates[0], rates[0] / rates[1], "at most 1.5", note),
        Figure("memory at the end of the year", peak_kb / 1024, "MB", note="the most so far; the data are in a file"),
    ]
    empty = _Standing(folder / "empty")
    await empty.fill(1)
    await empty.site.start()
    for name, method, path, body in (
        ("subscription GET", "GET", "/subscriptions/s0", b""),
        ("customer update", "POST", "/customers/c0", b"company=Bench"),
    ):
        mine, other, ratio = await paired(
            lambda m=method, p=path, b=body: many.call(m, p, b),  # type: ignore[misc]
            lambda m=method, p=path, b=body: empty.call(m, p, b),  # type: ignore[misc]
            calls=200, rounds=7,
        )  # fmt: skip
        figures.append(Figure(f"{name} on the full site", mine, "us", other, ratio, CALL_BAR, "beside an empty site"))
    for standing in (few, many, empty):
        await standing.site.stop()
    return figures
