"""The product's metering as the core uses it: the feed by time of recording, and the daily CSVs."""

import csv
import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urlencode

from synccore.domain.usage import TRAILER
from synccore.ports.clock import Clock
from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected, Unknown
from synccore.ports.transport import Request, Transport
from synccore.ports.usage import Export
from synccore.systems.client import UNREADABLE, Client, FixedHeader, OnCall, Refusal
from synccore.systems.credentials import MeteringAccess

PAGE = 500
GONE = 410


class MeteringDialect(FixedHeader):
    """A bearer token that never changes; errors are problem details."""

    def __init__(self, access: MeteringAccess) -> None:
        super().__init__(f"Bearer {access.token}")

    def refusal(self, status: int, body: Any) -> Refusal:
        """Title and detail."""
        del status
        if not isinstance(body, dict):
            return Refusal(UNREADABLE, "the answer is no JSON object")
        return Refusal(str(body.get("title") or "unknown"), str(body.get("detail") or ""))


class MeteringAdapter:
    """Implements ports.usage.Metering."""

    def __init__(
        self, access: MeteringAccess, transport: Transport, clock: Clock, concurrency: int, timeout_s: float,
        on_call: OnCall | None = None,
    ) -> None:  # fmt: skip
        dialect = MeteringDialect(access)
        self._client = Client("metering", transport, clock, concurrency, timeout_s, dialect, on_call)
        self._base, self._timeout_s = f"{access.url}/v1", timeout_s

    async def reachable(self) -> None:
        """One row."""
        await self._client.read("event.feed", self._request("/events?limit=1"))

    async def recorded(self, since: str) -> list[Mapping[str, Any]]:
        """GET /v1/events; an instant beyond the feed's reach (410) is asked for as far back as it goes."""
        try:
            return await self._pages(since)
        except Rejected as refusal:
            if refusal.status != GONE:
                raise
            return await self._pages("")

    async def _pages(self, since: str) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        query: dict[str, Any] = {"limit": PAGE} | ({"recorded_since": since} if since else {})
        while True:
            body = await self._client.read("event.feed", self._request(f"/events?{urlencode(query)}"))
            if not isinstance(body, dict) or not isinstance(body.get("events"), list):
                raise Later(2.0, "metering event.feed: an answer without events", counts=False)
            rows += [row for row in body["events"] if isinstance(row, dict)]
            if not body.get("next_cursor"):
                return rows
            query["cursor"] = body["next_cursor"]

    async def exports(self, since: str) -> list[Export]:
        """GET /v1/exports."""
        query = f"?{urlencode({'since': since})}" if since else ""
        body = await self._client.read("export.list", self._request(f"/exports{query}"))
        if not isinstance(body, dict) or not isinstance(body.get("exports"), list):
            raise Later(2.0, "metering export.list: an answer without exports", counts=False)
        return [Export(str(row["day"]), str(row["sha256"])) for row in body["exports"]]

    async def export(self, day: str) -> str:
        """GET /v1/exports/{day}."""
        try:
            response = await self._client.fetch("export.fetch", self._request(f"/exports/{percent(day, safe='')}"))
        except Unknown as error:
            raise Later(2.0, str(error), counts=False) from None
        try:
            return response.body.decode("utf-8")
        except UnicodeDecodeError:
            raise Later(2.0, f"metering export.fetch {day}: not UTF-8", counts=False) from None

    async def book(self) -> list[Mapping[str, Any]]:
        """The feed as far back as it goes, and the CSVs of the days before."""
        feed = await self._pages("")
        begins = str(feed[0].get("recorded_at") or "")[:10] if feed else "9999"
        older: list[Mapping[str, Any]] = []
        for file in await self.exports(""):
            if file.day <= begins:
                lines = csv.DictReader(io.StringIO(await self.export(file.day)))
                older += [{**line, "id": line["event_id"]} for line in lines if line["event_id"] != TRAILER]
        return [*older, *feed]

    def _request(self, path: str) -> Request:
        return Request("GET", f"{self._base}{path}", {"accept": "*/*"}, b"", self._timeout_s)
