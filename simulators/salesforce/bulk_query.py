"""Bulk 2.0 query: a SOQL query as a job whose results come as CSV pages with a locator."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer
from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.salesforce import bulk_csv
from simulators.salesforce.bulk_jobs import FINAL, QUERY, START_DELAY_S, find, moved, new_job, show
from simulators.salesforce.errors import ApiError, failed
from simulators.salesforce.soql.plan import Rows
from simulators.salesforce.soql.runner import Run
from simulators.salesforce.state import DATA, JOB
from simulators.salesforce.web import Context, reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

approximate(
    "bulk query results",
    "show records as they are when a page is fetched; the set of ids is that of the job",
    source="ours",
)

WORK = "bulk.query"


async def create(ctx: Context) -> Answer:
    """POST /jobs/query: the query is read at once, so a bad one is refused here."""
    body = ctx.json_object()
    operation, text = body.get("operation"), body.get("query")
    if operation not in ("query", "queryAll") or not isinstance(text, str) or not text:
        raise failed("INVALIDJOB", "operation must be query or queryAll, and query a SOQL text")
    run = Run(ctx.org, text, ctx.call.at, ctx.root, operation == "queryAll")
    if not isinstance(run.plan.body, Rows) or not run.plan.columns or run.plan.offset is not None:
        raise failed("API_ERROR", "Aggregates, subqueries, functions and OFFSET are not supported in a bulk query")
    facts = {"operation": operation, "object": run.plan.body.sobject.name, "query": text, "state": "UploadComplete"}
    store, at = ctx.org.store, ctx.call.at
    with store.transaction():
        job = new_job(ctx, QUERY, facts)
        store.put(JOB.name, job)
        ctx.system.jobs.schedule(at + START_DELAY_S, WORK, {"id": job["id"]}, f"{WORK}/{job['id']}", WORK)
    return reply(200, show(job, False))


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
            keys = Run(system.org, job["query"], due.due, "", job["operation"] == "queryAll").keys()
        except ApiError as error:
            store.put(JOB.name, moved(job, "Failed", due.due, error=str(error)))
            return
        with store.transaction():
            store.put(DATA.name, {"id": job["id"], "keys": keys})
            store.put(JOB.name, moved(job, "JobComplete", due.due, processed=len(keys)))

    return run


async def results(ctx: Context, job: str) -> Answer:
    """GET …/results[?maxRecords=&locator=]: without maxRecords everything in one page."""
    found = find(ctx, job, QUERY)
    if found["version"] != ctx.version:
        raise failed("VERSION_CONFLICT", "The job was created with another API version", 409)
    if found["state"] != "JobComplete":
        raise failed("JOB_NOT_COMPLETE", f"The job is {found['state']}, results are not available", 412)
    keys = (ctx.org.store.get(DATA.name, found["id"]) or {"keys": []})["keys"]
    parameters = ctx.parameters()
    start = _place(parameters.get("locator"))
    most = parameters.get("maxRecords", "")
    end = start + int(most) if most.isdecimal() and int(most) else len(keys)
    run = Run(ctx.org, found["query"], ctx.call.at, ctx.root, found["operation"] == "queryAll")
    records = run.page(keys[start:end])
    table: list[list[Any]] = [run.plan.columns]
    table += [[_cell(record, column) for column in run.plan.columns] for record in records]
    locator = base64.b64encode(str(end).encode()).decode().rstrip("=") if end < len(keys) else "null"
    body = bulk_csv.write(table, found["columnDelimiter"], found["lineEnding"])
    headers = {"Sforce-NumberOfRecords": str(len(records)), "Sforce-Locator": locator}
    return Answer(200, body, "text/csv;charset=UTF-8", headers)


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


def _cell(record: dict[str, Any], column: str) -> Any:
    """The value at a dotted path, whose spelling may be another than the record's."""
    found: Any = record
    for part in column.split("."):
        if not isinstance(found, dict):
            return None
        found = next((value for name, value in found.items() if name.lower() == part.lower()), None)
    return found if not isinstance(found, dict) else None
