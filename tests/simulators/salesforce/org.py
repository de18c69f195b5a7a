"""An org in this process, and a client that speaks to its ASGI application."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import orjson

from simulators.kit.system import Settings
from simulators.salesforce import create
from simulators.salesforce.app import Salesforce

GENESIS = 1_767_603_600.0  # 2026-01-05T09:00:00Z, a Monday
ROOT = "/services/data/v60.0"


class Time:
    """Wire time that only tests move."""

    def __init__(self) -> None:
        self.now = GENESIS

    def __call__(self) -> float:
        return self.now


async def no_sender(*_args: Any) -> int:
    return 200


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.content) if self.content else None

    @property
    def code(self) -> str:
        return str(self.json[0]["errorCode"])

    @property
    def message(self) -> str:
        return str(self.json[0]["message"])


class Org:
    """A system and a logged-in caller."""

    def __init__(self, **settings: Any) -> None:
        self.time = Time()
        found = create(Settings(wire=self.time, sender=no_sender, genesis=GENESIS, **settings))
        assert isinstance(found, Salesforce)
        self.system = found
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        return asyncio.run(self.acall(method, path, body, **headers))

    async def acall(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        raw, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        sent = {"host": "org.example:8080", "content-type": "application/json", **headers}
        if self.token and "authorization" not in sent:
            sent["authorization"] = f"Bearer {self.token}"
        scope = {
            "type": "http", "method": method, "path": raw, "raw_path": raw.encode(), "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
            "scheme": "http",
        }  # fmt: skip
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.system.app(scope, receive, send)
        shown = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        return Reply(messages[0]["status"], shown, b"".join(m.get("body", b"") for m in messages[1:]))

    # -- what a client does ------------------------------------------------------------------

    def login(self) -> "Org":
        known = self.system.credentials
        form = urlencode({
            "grant_type": "client_credentials", "client_id": known["client_id"],
            "client_secret": known["client_secret"],
        })  # fmt: skip
        reply = self.form("/services/oauth2/token", form)
        assert reply.status == 200, reply.content
        self.token = reply.json["access_token"]
        return self

    def form(self, path: str, form: str, **headers: str) -> Reply:
        sent = {"content-type": "application/x-www-form-urlencoded", **headers}
        return self.call("POST", path, form.encode(), **sent)

    def rest(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call(method, f"{ROOT}/{path}", body, **headers)

    def create(self, sobject: str, **fields: Any) -> str:
        reply = self.rest("POST", f"sobjects/{sobject}", fields)
        assert reply.status == 201, reply.content
        return str(reply.json["id"])

    def get(self, sobject: str, record_id: str) -> dict[str, Any]:
        reply = self.rest("GET", f"sobjects/{sobject}/{record_id}")
        assert reply.status == 200, reply.content
        found: dict[str, Any] = reply.json
        return found

    def update(self, sobject: str, record_id: str, **fields: Any) -> Reply:
        return self.rest("PATCH", f"sobjects/{sobject}/{record_id}", fields)

    def query(self, soql: str, resource: str = "query", **headers: str) -> Reply:
        return self.rest("GET", f"{resource}?q={quote_plus(soql)}", None, **headers)

    def rows(self, soql: str) -> list[dict[str, Any]]:
        reply = self.query(soql)
        assert reply.status == 200, reply.message
        found: list[dict[str, Any]] = reply.json["records"]
        return found

    def seed(self, data: dict[str, Any]) -> dict[str, int]:
        with self.system.store.transaction():
            return self.system.seed(data)

    def act(self, verb: str, **arguments: Any) -> dict[str, Any]:
        return asyncio.run(self._act(verb, arguments))  # type: ignore[no-any-return]

    async def _act(self, verb: str, arguments: dict[str, Any]) -> Any:
        return await self.system.acts[verb](arguments)


def a_deal(org: Org) -> dict[str, str]:
    """An account with an opportunity and a priced product; ids by name."""
    product = org.create("Product2", Name="Platform", ProductCode="PLAT-ANNUAL", IsActive=True)
    book = org.system.org.standard_pricebook_id
    entry = org.create("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=12000, IsActive=True)
    account = org.create("Account", Name="Acme")
    deal = org.create(
        "Opportunity", Name="Acme 2026", AccountId=account, StageName="Prospecting", CloseDate="2026-03-31"
    )
    return {"product": product, "book": book, "entry": entry, "account": account, "opportunity": deal}
