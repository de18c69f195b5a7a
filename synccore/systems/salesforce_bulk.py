"""Queries over more rows than pages of 2,000 should be spent on: Bulk API 2.0, whose jobs cost a handful of calls.

Source: Bulk API 2.0 and Bulk API Developer Guide, "Query Jobs": a job is created, polled, and its results read by
locator, as CSV with the names of the query in its first line.
"""

import csv
import io
import re
from typing import Any

from synccore.ports.clock import Clock
from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected, Unknown
from synccore.ports.transport import Request, Response
from synccore.systems.client import Client, render

POLL_S, POLLS = 5.0, 360  # half an hour
RECORDS = 50_000  # of one page of results
_FROM = re.compile(r"\bFROM (\w+)")
_JSON = {"content-type": "application/json", "accept": "application/json"}


class BulkQueries:
    """Query jobs of one org. `data`: site and path up to the API's version."""

    def __init__(self, client: Client, clock: Clock, data: str, timeout_s: float) -> None:
        self._client, self._clock, self._data, self._timeout_s = client, clock, data, timeout_s

    async def rows(self, text: str, operation: str) -> list[dict[str, Any]]:
        """All rows of a query (`operation`: query or queryAll), as the query API would have answered them.

        Raises Rejected for a job that the org has failed, Later when it takes too long or cannot be made now.
        """
        job = await self._created(text, operation)
        await self._done(job)
        record = _FROM.search(text)
        found: list[dict[str, Any]] = []
        locator = ""
        while True:
            at = f"&locator={locator}" if locator else ""
            url = f"{self._data}/jobs/query/{job}/results?maxRecords={RECORDS}{at}"
            response = await self._page(Request("GET", url, {"accept": "text/csv"}, b"", self._timeout_s))
            try:
                rows = _rows(response.body.decode("utf-8"), record[1] if record else "")
            except (ValueError, csv.Error):
                rows = []
            if str(len(rows)) != response.headers.get("sforce-numberofrecords", "0"):
                raise Later(POLL_S, f"salesforce job {job}: a page of results that is not whole", counts=False)
            found += rows
            locator = response.headers.get("sforce-locator") or "null"
            if locator == "null":
                return found

    async def _page(self, request: Request) -> Response:
        try:
            return await self._client.fetch("bulk.query.results", request)
        except Unknown as unknown:
            raise Later(POLL_S, str(unknown), counts=False) from None

    async def _created(self, text: str, operation: str) -> str:
        body = render({"operation": operation, "query": text})
        request = Request("POST", f"{self._data}/jobs/query", _JSON, body, self._timeout_s)
        try:
            answer = await self._client.write_json("bulk.query.create", request, "id")
        except Unknown as unknown:  # one job too many harms nobody
            raise Later(POLL_S, str(unknown)) from None
        return str(answer["id"])

    async def _done(self, job: str) -> None:
        request = Request("GET", f"{self._data}/jobs/query/{job}", _JSON, b"", self._timeout_s)
        for _ in range(POLLS):
            answer = await self._client.read("bulk.query.status", request)
            state = answer.get("state") if isinstance(answer, dict) else None
            if state == "JobComplete":
                return
            if state in ("Failed", "Aborted"):
                raise Rejected(
                    "salesforce", "bulk.query.status", 400, str(state), str(answer.get("errorMessage") or "")
                )
            await self._clock.sleep(POLL_S)
        raise Later(POLL_S, f"salesforce job {job} takes more than {POLLS * POLL_S / 60:.0f} minutes", counts=False)


def _rows(text: str, record: str) -> list[dict[str, Any]]:
    """The lines of a CSV as records: members of parents within them, nothing for what is empty."""
    lines = csv.reader(io.StringIO(text, newline=""))
    columns = [_column(name) for name in next(lines, [])]
    rows = []
    for line in lines:
        row: dict[str, Any] = {"attributes": {"type": record}}
        for (parent, kind, field), value in zip(columns, line, strict=True):
            place = row.setdefault(parent, {"attributes": {"type": kind}}) if parent else row
            place[field] = value == "true" if field == "IsDeleted" else value or None
        rows.append(row)
    return rows


def _column(name: str) -> tuple[str, str, str]:
    """Parent ('' for none), its type, and the field; our queries go one parent up."""
    parent, _, field = name.rpartition(".")
    return parent, f"{parent[:-1]}c" if parent == "Invoice__r" else parent.removesuffix("__r"), field
