"""Bulk 2.0 jobs as the API shows and moves them: states, what may happen in which, job records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.calls import Answer
from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.salesforce.bulk_csv import DELIMITERS, LINE_ENDS
from simulators.salesforce.errors import failed, not_found
from simulators.salesforce.ids import make_id, parse_id
from simulators.salesforce.moments import stamp
from simulators.salesforce.state import DATA, JOB, ROWS
from simulators.salesforce.web import Context, reply, whole_number

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "Bulk 2.0: states, CSV of successful, failed and unprocessed rows, quoting, `#N/A`, six "
    "delimiters, locators, multipart creation, lists",
    source="observed, reported",
    held_by="test_bulk, test_live_simple_salesforce",
)
approximate(
    "bulk jobs",
    "work in chunks of 200 from half a second after the job is closed, each dated when it is written; the processing "
    "times shown are row counts",
    source="ours",
)

INGEST, QUERY = "V2Ingest", "V2Query"
_WORK = {INGEST: "bulk.ingest", QUERY: "bulk.query"}
FINAL = ("JobComplete", "Failed", "Aborted")
LISTED = 1_000  # jobs on one page of a list
START_DELAY_S = 0.5  # from the close of a job until it is worked on


def new_job(ctx: Context, kind: str, body: Mapping[str, Any], facts: Doc) -> Doc:
    """A job record as it begins, of what the client asks for; unknown delimiters and line ends are refused."""
    delimiter = str(body.get("columnDelimiter") or "COMMA").upper()
    line_end = str(body.get("lineEnding") or "LF").upper()
    if delimiter not in DELIMITERS:
        raise failed("INVALIDJOB", f"Unknown columnDelimiter: {delimiter}")
    if line_end not in LINE_ENDS:
        raise failed("INVALIDJOB", f"Unknown lineEnding: {line_end}")
    moment = stamp(ctx.call.at)
    return {
        "id": make_id("750", ctx.org.store.next("id/750")), "type": kind, "createdById": ctx.call.principal,
        "createdDate": moment, "systemModstamp": moment, "version": ctx.version, "columnDelimiter": delimiter,
        "lineEnding": line_end, "processed": 0, "failed": 0, **facts,
    }  # fmt: skip


def show(job: Doc, whole: bool) -> dict[str, Any]:
    """A job as the API shows it; `whole` adds what only a GET tells."""
    names = ("id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state")
    shown = {name: job[name] for name in names if name in job}
    shown |= {
        "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": float(job["version"]),
        "lineEnding": job["lineEnding"], "columnDelimiter": job["columnDelimiter"],
    }  # fmt: skip
    if job.get("externalIdFieldName"):
        shown["externalIdFieldName"] = job["externalIdFieldName"]
    if job["type"] == INGEST and job["state"] == "Open":
        shown["contentUrl"] = f"services/data/v{job['version']}.0/jobs/ingest/{job['id']}/batches"
    if whole:
        shown |= {"jobType": job["type"], "numberRecordsProcessed": job["processed"], "retries": 0}
        shown["totalProcessingTime"] = job["processed"]
        if job["type"] == INGEST:
            shown |= {"numberRecordsFailed": job["failed"], "apiActiveProcessingTime": job["processed"]}
            shown["apexProcessingTime"] = 0
    if job.get("error"):
        shown["errorMessage"] = job["error"]
    return shown


def find(ctx: Context, job_id: str, kind: str) -> Doc:
    """The job of that id; 404 for another kind's or none."""
    job = ctx.org.store.get(JOB.name, parse_id(job_id) or "")
    if job is None or job["type"] != kind:
        raise not_found()
    return job


def listing(kind: str) -> Callable[[Context], Any]:
    """The endpoint that lists all jobs of a kind, youngest first, a thousand a page."""

    async def endpoint(ctx: Context) -> Answer:
        start = whole_number(ctx.parameters().get("queryLocator") or "0", -1)
        if start < 0:
            raise failed("INVALID_QUERY_LOCATOR", "invalid query locator")
        rows = ctx.org.store.rows(
            f"SELECT doc FROM {JOB.name} WHERE type = ? ORDER BY rowid DESC LIMIT ? OFFSET ?",
            (kind, LISTED + 1, start),
        )
        jobs = [orjson.loads(row[0]) for row in rows]
        folder = "ingest" if kind == INGEST else "query"
        more = f"{ctx.root}/jobs/{folder}?queryLocator={start + LISTED}" if len(jobs) > LISTED else None
        shown = [{**show(job, False), "jobType": kind} for job in jobs[:LISTED]]
        return reply(200, {"done": more is None, "records": shown, "nextRecordsUrl": more})

    return endpoint


def status(kind: str) -> Callable[..., Any]:
    """The endpoint that shows one job."""

    async def endpoint(ctx: Context, job: str) -> Answer:
        return reply(200, show(find(ctx, job, kind), True))

    return endpoint


def remove(kind: str) -> Callable[..., Any]:
    """The endpoint that deletes a finished job with its data."""

    async def endpoint(ctx: Context, job: str) -> Answer:
        found = find(ctx, job, kind)
        if found["state"] not in (*FINAL, "UploadComplete"):
            raise failed("INVALIDJOBSTATE", f"Job can be deleted only in a final state, and it is {found['state']}")
        store = ctx.org.store
        with store.transaction():
            store.delete(JOB.name, found["id"])
            store.delete(DATA.name, found["id"])
            for (key,) in list(store.rows("SELECT key FROM _bulk_rows WHERE job = ?", (found["id"],))):
                store.delete(ROWS.name, key)
            ctx.system.jobs.cancel(f"{_WORK[kind]}/{found['id']}")
        return Answer(204)

    return endpoint


def moved(job: Doc, state: str, at: float, **facts: Any) -> Doc:
    """The job in another state."""
    return {**job, "state": state, "systemModstamp": stamp(at), **facts}


def chunk_time(system: Salesforce, due: Job) -> float:
    """The moment (epoch s) of a chunk that is written now.

    A long job's rows are not dated back to its begin: others have written meanwhile, and whoever reads by dates of
    modification has gone past that.
    """
    return max(due.due, system.clock.now())
