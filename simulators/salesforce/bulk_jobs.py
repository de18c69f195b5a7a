"""Bulk 2.0 jobs as the API shows and moves them: states, what may happen in which, job records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.kit.calls import Answer
from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.bulk_csv import DELIMITERS, LINE_ENDS
from simulators.salesforce.errors import failed, not_found
from simulators.salesforce.ids import make_id, parse_id
from simulators.salesforce.moments import stamp
from simulators.salesforce.state import DATA, JOB, ROWS
from simulators.salesforce.web import Context, reply

exact(
    "Bulk 2.0: states, CSV of successful, failed and unprocessed rows, quoting, `#N/A`, six delimiters, locators",
    source="observed, reported",
    held_by="test_bulk, test_live_simple_salesforce",
)
approximate(
    "bulk jobs",
    "work in chunks of 200 from half a second after the job is closed; the processing times shown are row counts",
    source="ours",
)
absent("Bulk 1.0, multipart upload of a bulk job")

INGEST, QUERY = "V2Ingest", "V2Query"
FINAL = ("JobComplete", "Failed", "Aborted")
START_DELAY_S = 0.5  # from the close of a job until it is worked on


def new_job(ctx: Context, kind: str, facts: Doc) -> Doc:
    """A job record as it begins; unknown delimiters and line ends are refused."""
    body = ctx.json_object()
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
    """The endpoint that lists all jobs of a kind, youngest first."""

    async def endpoint(ctx: Context) -> Answer:
        jobs = ctx.org.store.find(JOB.name, type=kind)
        return reply(
            200, {"done": True, "records": [show(job, False) for job in reversed(jobs)], "nextRecordsUrl": None}
        )

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
        if found["state"] not in FINAL:
            raise failed("INVALIDJOBSTATE", f"Job can be deleted only in a final state, and it is {found['state']}")
        store = ctx.org.store
        with store.transaction():
            store.delete(JOB.name, found["id"])
            store.delete(DATA.name, found["id"])
            for (key,) in list(store.rows("SELECT key FROM _bulk_rows WHERE job = ?", (found["id"],))):
                store.delete(ROWS.name, key)
        return Answer(204)

    return endpoint


def moved(job: Doc, state: str, at: float, **facts: Any) -> Doc:
    """The job in another state."""
    return {**job, "state": state, "systemModstamp": stamp(at), **facts}
