"""A site in this process: its two selling entities, and a client that speaks the wire through the ASGI application."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from simulators.kit.system import Settings, System
from simulators.subscriptions import create

GENESIS = 1_767_603_600.0  # 2026-01-05T09:00Z, a Monday
DAY = 86_400
CONTROL = {"x-control-token": "ctl"}

SEED: dict[str, Any] = {
    "site": {"name": "acme-test", "timezone": "UTC", "proration": "day", "tax_rounding": "per_line"},
    "business_entities": [
        {"id": "US", "name": "Windtunnel US Inc", "invoice_prefix": "US-", "currency_code": "USD", "country": "US"},
        {"id": "SG", "name": "Windtunnel SG Pte", "invoice_prefix": "SG-", "currency_code": "SGD", "country": "SG"},
    ],
    "item_families": [{"id": "windtunnel", "name": "Windtunnel"}],
    "items": [
        {"id": "platform", "name": "Platform", "type": "plan", "item_family_id": "windtunnel"},
        {"id": "onboarding", "name": "Onboarding", "type": "charge", "item_family_id": "windtunnel"},
    ],
    "item_prices": [
        {"id": f"platform-{currency}-yearly", "name": f"Platform {currency} yearly", "item_id": "platform",
         "pricing_model": "per_unit", "price": price, "currency_code": currency, "period": 1, "period_unit": "year"}
        for currency, price in (("USD", 1_200_000), ("SGD", 1_600_000))
    ] + [
        {"id": f"onboarding-{currency}", "name": f"Onboarding {currency}", "item_id": "onboarding",
         "pricing_model": "per_unit", "price": 500_000, "currency_code": currency}
        for currency in ("USD", "SGD")
    ],
    "tax_rules": [
        {"business_entity_id": "US", "country": "US", "state": "NY", "city": "New York", "rate": "8.875",
         "name": "NYC sales tax"},
        {"business_entity_id": "US", "country": "US", "rate": "0", "name": "none",
         "exempt_reason": "region_non_taxable"},
        {"business_entity_id": "SG", "country": "SG", "rate": "8", "name": "GST", "valid_to": "2023-12-31"},
        {"business_entity_id": "SG", "country": "SG", "rate": "9", "name": "GST", "valid_from": "2024-01-01"},
        {"business_entity_id": "SG", "country": "*", "rate": "0", "name": "GST", "exempt_reason": "zero_rated"},
    ],
    "webhook_endpoints": [
        {"id": "core", "url": "http://core.test/webhooks", "basic_auth_username": "hook",
         "basic_auth_password": "hook-secret"},
    ],
}  # fmt: skip

NEW_YORK = {"line1": "1 Main", "city": "New York", "state_code": "NY", "country": "US", "zip": "10001"}
SINGAPORE = {"line1": "1 Marina", "city": "Singapore", "country": "SG"}


class Post:
    """Where webhooks arrive; `answers` are consumed first, then all is well."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []

    async def __call__(self, method: str, url: str, headers: Any, body: bytes, timeout_s: float) -> int:
        self.received.append(json.loads(body))
        self.headers.append(dict(headers))
        return self.answers.pop(0) if self.answers else 200

    def types(self) -> list[str]:
        return [event["event_type"] for event in self.received]


class Reply:
    """One answer of the platform."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.raw = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    def __getitem__(self, member: str) -> Any:
        assert self.status == 200, self.json
        return self.json[member]

    def code(self) -> tuple[int, str, str | None]:
        return self.status, self.json["api_error_code"], self.json.get("param")


class Site:
    """The platform with a clock that stands until the test moves it."""

    def __init__(self, seed: dict[str, Any] | None = SEED, **settings: Any) -> None:
        self._begin()
        settings = {"genesis": GENESIS, "profile": "none", **settings}
        self.system: System = create(Settings(wire=lambda: self.wire, sender=self._posted, **settings))
        self._seed(seed)

    def _begin(self) -> None:
        self.wire = 0.0
        self.read = 0  # how far the journal was looked through
        self.post = Post()

    async def _posted(self, *said: Any) -> int:
        return await self.post(*said)

    def _seed(self, seed: dict[str, Any] | None) -> None:
        if seed is not None:
            with self.system.store.transaction():
                self.system.seed(seed)

    def again(self, seed: dict[str, Any] | None = SEED) -> None:
        """What a new site is, without building it: back to what the system was when it was made, and the seed."""
        self._begin()
        self.system.reset()
        self._seed(seed)

    async def call(self, method: str, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Reply:
        """One call as a client sends it: `fields` are flattened and transposed like the SDKs do."""
        encoded = more["raw"] if "raw" in more else urlencode(flat(fields or {}), quote_via=quote)
        path, _, query = path.partition("?")
        body = b"" if method == "GET" else encoded.encode()
        if method == "GET" and encoded:
            query = f"{query}&{encoded}".strip("&")
        pair = base64.b64encode(f"{more.get('key', 'test_k')}:".encode())
        headers = {
            "authorization": f"Basic {pair.decode()}", "host": "127.0.0.1",
            "content-type": "application/x-www-form-urlencoded", **more.get("headers", {}),
        }  # fmt: skip
        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": f"/api/v2{path}", "raw_path": f"/api/v2{path}".encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.system.app(scope, receive, send)
        got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        reply = Reply(sent[0]["status"], got, sent[1]["body"])
        news, self.read = self.system.journal.after(self.read, 100_000)[0], self.system.journal.seq
        defects = [entry for entry in news if entry.get("level") == "defect"]
        assert not defects, defects
        return reply

    async def get(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Reply:
        return await self.call("GET", path, fields, **more)

    async def do(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Reply:
        return await self.call("POST", path, fields, **more)

    async def travel(self, days: float) -> None:
        """Move business time forward in due-time order, each job with the clock at its own due time."""
        target = self.system.clock.now() + days * DAY
        await self.system.jobs.drained()
        while (due := self.system.jobs.next_due()) is not None and due <= target:
            self.system.clock.jump(due)
            await self.system.jobs.drained()
        self.system.clock.jump(target)
        await self.system.jobs.drained()
        assert not self.system.jobs.failures, self.system.jobs.failures

    async def customer(self, key: str = "acme", entity: str = "US", **fields: Any) -> Reply:
        address = NEW_YORK if entity == "US" else SINGAPORE
        return await self.do("/customers", {
            "id": key, "company": key.title(), "business_entity_id": entity, "billing_address": address,
            "auto_collection": "off", **fields,
        })  # fmt: skip

    async def subscribe(self, customer: str = "acme", currency: str = "USD", seats: int = 10, **fields: Any) -> Reply:
        items = [{"item_price_id": f"platform-{currency}-yearly", "quantity": seats}]
        return await self.do(f"/customers/{customer}/subscription_for_items", {"subscription_items": items, **fields})


def flat(fields: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Parameters as the SDKs flatten them: `group[name]`, lists of objects transposed to `list[name][index]`."""
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        path = f"{prefix}[{name}]" if prefix else name
        if name in ("meta_data", "metadata"):
            pairs.append((path, json.dumps(value)))
        elif isinstance(value, dict):
            pairs += flat(value, path)
        elif isinstance(value, list):
            for index, each in enumerate(value):
                if isinstance(each, dict):
                    pairs += [(f"{path}[{field}][{index}]", _text(one)) for field, one in each.items()]
                else:
                    pairs.append((f"{path}[{index}]", _text(each)))
        else:
            pairs.append((path, _text(value)))
    return pairs


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def play(story: Callable[[Site], Awaitable[None]], **settings: Any) -> Site:
    """Run a story on a fresh site whose job loop is at work."""
    return _run(Site(**settings), story)


_kept = cache(Site)


def play_again(story: Callable[[Site], Awaitable[None]], seed: dict[str, Any] = SEED) -> Site:
    """As `play`, on one site that is set back instead of built anew: for tests of very many stories.

    What the story before has left on it is gone then.
    """
    site = _kept(None)
    site.again(seed)
    return _run(site, story)


def _run(site: Site, story: Callable[[Site], Awaitable[None]]) -> Site:
    async def run() -> None:
        await site.system.start()
        try:
            await story(site)
        finally:
            await site.system.stop()

    asyncio.run(run())
    return site
