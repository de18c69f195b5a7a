"""Sales at work in Salesforce: accounts, opportunities with product lines, closing, corrections."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from harness.drivers.wire import StepFailed, answer_of, ask, form, refused
from harness.world import Reply, World

API = "/services/data/v60.0"


class Sales:
    """A sales user's client. Signs in when needed, once more when its session has died."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._token = ""
        self._prices: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._renamed: dict[str, dict[str, str]] = {}  # object -> the name we knew -> today's

    def rename(self, kind: str, before: str, after: str) -> None:
        """A field has another name from now on: people use that."""
        known = self._renamed.setdefault(kind, {})
        known[next((name for name, now in known.items() if now == before), before)] = after

    def _today(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        names = self._renamed.get(kind, {})
        return {names.get(name, name): value for name, value in fields.items()}

    async def create(self, kind: str, fields: Mapping[str, Any]) -> str:
        """A new record; returns its id."""
        reply = await self._send("POST", f"{API}/sobjects/{kind}", self._today(kind, fields))
        if reply.status != 201:
            raise refused("Salesforce", f"a new {kind}", reply)
        return str(answer_of(reply)["id"])

    async def create_many(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Up to 200 records in one call, all or none."""
        records = [{"attributes": {"type": kind}, **self._today(kind, row)} for row in rows]
        reply = await self._send("POST", f"{API}/composite/sobjects", {"allOrNone": True, "records": records})
        return self._collection(f"{len(rows)} new {kind}", reply)

    async def update(self, kind: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """Change fields of one record."""
        reply = await self._send("PATCH", f"{API}/sobjects/{kind}/{record_id}", self._today(kind, fields))
        if reply.status != 204:
            raise refused("Salesforce", f"a change of {kind} {record_id}", reply)

    async def delete(self, kind: str, record_id: str) -> None:
        """Delete one record."""
        reply = await self._send("DELETE", f"{API}/sobjects/{kind}/{record_id}")
        if reply.status != 204:
            raise refused("Salesforce", f"the deletion of {kind} {record_id}", reply)

    async def update_many(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Change records (each with its Id) in one call, all or none."""
        records = [{"attributes": {"type": kind}, **self._today(kind, row)} for row in rows]
        reply = await self._send("PATCH", f"{API}/composite/sobjects", {"allOrNone": True, "records": records})
        self._collection(f"{len(rows)} changes of {kind}", reply)

    async def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows of a query."""
        path: str | None = f"{API}/query?q={quote(soql)}"
        rows: list[dict[str, Any]] = []
        while path is not None:
            reply = await self._send("GET", path)
            if reply.status != 200:
                raise refused("Salesforce", soql, reply)
            page = answer_of(reply)
            rows += page["records"]
            path = page.get("nextRecordsUrl")
        return rows

    async def price(self, sku: str, currency: str) -> Mapping[str, Any]:
        """The standard price book's entry of a product in a currency: Id, UnitPrice, Pricebook2Id."""
        if (sku, currency) not in self._prices:
            for row in await self.query(
                "SELECT Id, UnitPrice, Pricebook2Id, CurrencyIsoCode, Product2.ProductCode FROM PricebookEntry "
                "WHERE IsActive = true AND Pricebook2.IsStandard = true"
            ):
                self._prices[row["Product2"]["ProductCode"], row["CurrencyIsoCode"]] = row
        try:
            return self._prices[sku, currency]
        except KeyError:
            raise StepFailed(f"the standard price book has no price of {sku} in {currency}") from None

    def _collection(self, what: str, reply: Reply) -> list[str]:
        results = answer_of(reply) if reply.status == 200 else None
        if not isinstance(results, list) or not all(result.get("success") for result in results):
            raise refused("Salesforce", what, reply)
        return [str(result["id"]) for result in results]

    async def _send(self, method: str, path: str, value: Any = None) -> Reply:
        body = b"" if value is None else json.dumps(value).encode()
        for last in (False, True):
            if not self._token:
                await self._sign_in()
            headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
            reply = await ask(self._world, "salesforce", method, path, headers, body)
            if reply.status != 401 or last:
                return reply
            self._token = ""
        raise AssertionError("unreachable")

    async def _sign_in(self) -> None:
        secret = self._world.credentials("salesforce")
        body = form(
            {
                "grant_type": "client_credentials",
                "client_id": secret["client_id"],
                "client_secret": secret["client_secret"],
            }
        )
        headers = {"content-type": "application/x-www-form-urlencoded"}
        reply = await ask(self._world, "salesforce", "POST", "/services/oauth2/token", headers, body)
        if reply.status != 200:
            raise refused("Salesforce", "signing in", reply)
        self._token = answer_of(reply)["access_token"]
