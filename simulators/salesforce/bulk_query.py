"""Bulk 2.0 query: a SOQL query as a job whose results come as CSV pages with a locator."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer
from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.salesforce.bulk_jobs import FINAL, QUERY, START_DELAY_S, find, moved, new_job, show
from simulators.salesforce.bulk_results import csv_answer
from simulators.salesforce.contention import job_delay
from simulators.salesforce.errors import ApiError, failed
from simulators.salesforce.soql.plan import Rows
from simulators.salesforce.soql.runner import Run
from simulators.salesforce.state import JOB, ROWS, OrgState
from simulators.salesforce.web import Context, reply, whole_number

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

approximate(
    "bulk query results",
    "show records as they are when a page is fetched; the set of ids is that of the job",
    source="ours",
)

WORK = "bulk.query"
BLOCK = 2_000  # ids that are kept, and records that are read, together


async def create(ctx: Context) -> Answer:
    """POST /jobs/query: the query is read at once, so a bad one is refused here."""
    body = ctx.json_object()
    operation, text = body.get("operation"), body.get("query")
    if operation not in ("query", "queryAll") or not isinstance(text, str) or not text:
        raise failed("INVALIDJOB", "operation must be query or queryAll, and query a SOQL text")
    run = flat_query(ctx.org, text, ctx.call.at, ctx.root, operation == "queryAll")
    assert isinstance(run.plan.body, Rows)
    facts = {"operation": operation, "object": run.plan.body.sobject.name, "query": text, "state": "UploadComplete"}
    store, at = ctx.org.store, ctx.call.at
    with store.transaction():
        job = new_job(ctx, QUERY, body, facts)
        store.put(JOB.name, job)
        due = at + START_DELAY_S + job_delay(ctx.org.faults, job, at)
        ctx.system.jobs.schedule(due, WORK, {"id": job["id"]}, f"{WORK}/{job['id']}", WORK)
    return reply(200, show(job, False))


def flat_query(org: OrgState, text: str, at: float, root: str, with_deleted: bool) -> Run:
    """A query as the bulk APIs take it: rows of plain columns."""
    run = Run(org, text, at, root, with_deleted)
    if not isinstance(run.plan.body, Rows) or not run.plan.columns or run.plan.offset is not None:
        raise failed("API_ERROR", "Aggregates, subqueries, functions and OFFSET are not supported in a bulk query")
    return run


async def abort(ctx: Context, job: str) -> Answer:
    """PATCH /jobs/query/<id> {"state": "Aborted"}."""
    found = find(ctx, job, QUERY)
    if ctx.json_object().get("state") != "Aborted" or found["state"] in FINAL:
        raise failed("INVALIDJOBSTATE", f"The job is {found['state']} and can only be aborted before it ends")
    found = moved(found, "Aborted", ctx.call.at)
    ctx.org.store.put(JOB.name, found)
    return reply(200, show(found, False))


def worker(system: Salesforce) -> Callable[[Job], Any]:
    """The handler that takes the snapshot of ids."""

    async def run(due: Job) -> None:
        store = system.store
        job = store.get(JOB.name, due.payload["id"])
        if job is None or job["state"] in FINAL:
            return
        try:
            query = Run(system.org, job["query"], due.due, "", job["operation"] == "queryAll")
            with store.transaction():
                count = keep_ids(system.org, query, job["id"])
                store.put(JOB.name, moved(job, "JobComplete", due.due, processed=count))
        except ApiError as error:
            store.put(JOB.name, moved(job, "Failed", due.due, error=str(error)))

    return run


def keep_ids(org: OrgState, query: Run, name: str) -> int:
    """Keep the ids of a query's records in blocks under a name; returns how many there are."""
    count = 0
    for number, keys in enumerate(query.key_blocks(BLOCK)):
        org.store.put(ROWS.name, {"id": f"{name}/{number:07d}", "job": name, "keys": keys})
        count += len(keys)
    return count


async def results(ctx: Context, job: str) -> Answer:
    """GET …/results[?maxRecords=&locator=]: without maxRecords everything in one page."""
    found = find(ctx, job, QUERY)
    if found["version"] != ctx.version:
        raise failed("VERSION_CONFLICT", "The job was created with another API version", 409)
    if found["state"] != "JobComplete":
        raise failed("JOB_NOT_COMPLETE", f"The job is {found['state']}, results are not available", 412)
    parameters, total = ctx.parameters(), found["processed"]
    start = min(_place(parameters.get("locator")), total)
    most = whole_number(parameters.get("maxRecords", ""), 0)
    end = min(start + most, total) if 0 < most < total else total
    run = Run(ctx.org, found["query"], ctx.call.at, ctx.root, found["operation"] == "queryAll")
    locator = base64.b64encode(str(end).encode()).decode().rstrip("=") if end < total else "null"
    headers = {"Sforce-NumberOfRecords": str(end - start), "Sforce-Locator": locator}
    return csv_answer(table_of(run, found["id"], start, end), found, end - start, headers)


def table_of(run: Run, name: str, start: int, end: int) -> Iterator[Sequence[Any]]:
    """Header and rows of the records `start` to `end` whose ids are kept under a name, read block by block."""
    yield run.plan.columns
    paths = [column.split(".") for column in run.plan.columns]
    for number in range(start // BLOCK, -(-end // BLOCK)):
        kept: Doc = run.org.store.get(ROWS.name, f"{name}/{number:07d}") or {"keys": []}
        first = number * BLOCK
        for record in run.page(kept["keys"][max(0, start - first) : end - first]):
            yield [_cell(record, path) for path in paths]


def _place(locator: str | None) -> int:
    if not locator or locator == "null":
        return 0
    try:
        place = int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True))
    except ValueError:
        place = -1
    if place < 0:
        raise failed("INVALID_QUERY_LOCATOR", "invalid query locator")
    return place


def _cell(record: dict[str, Any], path: list[str]) -> Any:
    """The value at a path, whose spelling may be another than the record's."""
    found: Any = record
    for part in path:
        if not isinstance(found, dict):
            return None
        if part in found:
            found = found[part]
        else:
            found = next((value for name, value in found.items() if name.lower() == part.lower()), None)
    return found if not isinstance(found, dict) else None
