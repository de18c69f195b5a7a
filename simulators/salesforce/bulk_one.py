"""Bulk API 1.0: jobs of batches in XML, JSON or CSV, as far as simple-salesforce and jsforce use it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.bulk_jobs import moved
from simulators.salesforce.bulk_one_batch import BATCH_WORK, CLASSIC, QUERIES, request_of, result_of, results_of
from simulators.salesforce.bulk_one_forms import Unreadable, document, read_request
from simulators.salesforce.bulk_rows import OPERATIONS
from simulators.salesforce.errors import ApiError
from simulators.salesforce.ids import make_id, parse_id
from simulators.salesforce.moments import stamp
from simulators.salesforce.state import BATCH, DATA, JOB
from simulators.salesforce.web import OLDEST_VERSION, Context

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "Bulk 1.0: job and batch documents in XML and JSON, batches in JSON, CSV and XML, row results, query results, "
    "`InvalidSessionId` as 400",
    source="observed, documented",
    held_by="test_bulk_one, test_live_simple_salesforce, test_bulk_clients",
)
exact(
    "Bulk 1.0: jobs and errors are told in the form of the request, batches and results in that of their job's rows "
    "(JSON, else XML), with bare content types",
    source="observed",
    held_by="test_bulk_one",
)
approximate("Bulk 1.0 error texts", "codes are the vendor's, wording partly ours")
absent("Bulk 1.0: PK chunking, binary attachments, transformation specs, gzip bodies")

START_DELAY_S = 0.5
MODES = {"0": "Parallel", "1": "Serial", "parallel": "Parallel", "serial": "Serial"}
_VERSION = re.compile(r"(\d{2,3})\.0")

Work = Callable[..., Answer]


class Refused(Exception):
    """A Bulk 1.0 error: 400 with a code and a message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def wants_json(call: Call) -> bool:
    """Jobs and errors are JSON for a client that speaks JSON, else XML; batches are what their job's rows are."""
    return "json" in call.headers.get("content-type", "") or "json" in call.headers.get("accept", "")


def refuse(call: Call, code: str, message: str, status: int = 400) -> Answer:
    """An error document."""
    return document("error", {"exceptionCode": code, "exceptionMessage": message}, wants_json(call), status)


def endpoint(work: Work) -> Callable[..., Awaitable[Answer]]:
    """A Bulk 1.0 operation as a route: its version is checked and its refusals become error documents."""

    async def run(system: Salesforce, call: Call, api: str, **arguments: str) -> Answer:
        version = _VERSION.fullmatch(api)
        if version is None or int(version.group(1)) < OLDEST_VERSION:
            return refuse(call, "InvalidVersion", f"Invalid version: {api}")
        try:
            return work(Context(system, call, int(version.group(1))), **arguments)
        except Refused as refused:
            return refuse(call, refused.code, str(refused), refused.status)
        except Unreadable as unreadable:
            return refuse(call, "InvalidJob", str(unreadable))
        except ApiError as error:
            return refuse(call, "ClientInputError", str(error))

    return run


# -- jobs -------------------------------------------------------------------------------------


def create(ctx: Context) -> Answer:
    """POST /job."""
    body = read_request(ctx.call.body, wants_json(ctx.call))
    operation, name = str(body.get("operation", "")), str(body.get("object", ""))
    if operation not in (*OPERATIONS, *QUERIES):
        raise Refused("InvalidJob", f"Unable to parse Job: {operation} is no operation")
    spec = ctx.org.schema.get(name)
    if spec is None:
        raise Refused("InvalidJob", f"InvalidEntity : Unable to find object: {name}")
    external = str(body.get("externalIdFieldName") or "")
    lookup = spec.get(external)
    if operation == "upsert" and (lookup is None or not lookup.id_lookup):
        raise Refused("InvalidJob", f"InvalidJob : External ID was not found: {external}")
    kind = str(body.get("contentType") or "XML").upper()
    mode = MODES.get(str(body.get("concurrencyMode", 0)).lower())
    if kind not in ("XML", "JSON", "CSV") or mode is None:
        raise Refused("InvalidJob", "Unable to parse Job: contentType or concurrencyMode is unknown")
    moment = stamp(ctx.call.at)
    job = {
        "id": make_id("750", ctx.org.store.next("id/750")), "type": CLASSIC, "operation": operation,
        "object": spec.name, "createdById": ctx.call.principal, "createdDate": moment, "systemModstamp": moment,
        "state": "Open", "externalIdFieldName": lookup.name if operation == "upsert" and lookup else "",
        "concurrencyMode": mode, "contentType": kind, "version": ctx.version,
    }  # fmt: skip
    ctx.org.store.put(JOB.name, job)
    return document("jobInfo", shown_job(ctx, job), wants_json(ctx.call), 201)


def change(ctx: Context, job: str) -> Answer:
    """POST /job/<id> with another state: Closed, or Aborted, which leaves waiting batches unprocessed."""
    found = job_of(ctx, job)
    state = read_request(ctx.call.body, wants_json(ctx.call)).get("state")
    if state not in ("Closed", "Aborted"):
        raise Refused("InvalidJob", f"A job cannot be moved to the state {state}")
    if found["state"] == "Aborted" or (found["state"] == "Closed" and state == "Closed"):
        raise Refused("InvalidJobState", f"Job already {found['state']}")
    with ctx.org.store.transaction():
        found = moved(found, str(state), ctx.call.at)
        ctx.org.store.put(JOB.name, found)
        if state == "Aborted":
            for batch in ctx.org.store.find(BATCH.name, job=found["id"]):
                if batch["state"] == "Queued":
                    ctx.org.store.put(BATCH.name, moved(batch, "NotProcessed", ctx.call.at))
                    ctx.system.jobs.cancel(f"{BATCH_WORK}/{batch['id']}")
    return document("jobInfo", shown_job(ctx, found), wants_json(ctx.call))


def show(ctx: Context, job: str) -> Answer:
    """GET /job/<id>."""
    return document("jobInfo", shown_job(ctx, job_of(ctx, job)), wants_json(ctx.call))


def job_of(ctx: Context, job_id: str) -> Doc:
    """The Bulk 1.0 job of that id."""
    job = ctx.org.store.get(JOB.name, parse_id(job_id) or "")
    if job is None or job["type"] != CLASSIC:
        raise Refused("InvalidJob", f"Invalid job id: {job_id}")
    return job


def shown_job(ctx: Context, job: Doc) -> dict[str, Any]:
    """A job as the API shows it, its batches counted."""
    batches = ctx.org.store.find(BATCH.name, job=job["id"])
    states = [batch["state"] for batch in batches]
    processed = sum(batch["processed"] for batch in batches)
    return {
        "id": job["id"], "operation": job["operation"], "object": job["object"], "createdById": job["createdById"],
        "createdDate": job["createdDate"], "systemModstamp": job["systemModstamp"], "state": job["state"],
        "externalIdFieldName": job["externalIdFieldName"] or None, "concurrencyMode": job["concurrencyMode"],
        "contentType": job["contentType"], "numberBatchesQueued": states.count("Queued"),
        "numberBatchesInProgress": states.count("InProgress"), "numberBatchesCompleted": states.count("Completed"),
        "numberBatchesFailed": states.count("Failed"), "numberBatchesTotal": len(states),
        "numberRecordsProcessed": processed, "numberRetries": 0, "apiVersion": float(job["version"]),
        "numberRecordsFailed": sum(batch["failed"] for batch in batches), "totalProcessingTime": processed,
        "apiActiveProcessingTime": processed, "apexProcessingTime": 0,
    }  # fmt: skip


# -- batches ----------------------------------------------------------------------------------


def add(ctx: Context, job: str) -> Answer:
    """POST /job/<id>/batch: rows in the job's form, or the text of a query."""
    found = job_of(ctx, job)
    if found["state"] != "Open":
        raise Refused("InvalidJobState", f"Job is {found['state'].lower()}: no batches can be added")
    moment, store = stamp(ctx.call.at), ctx.org.store
    with store.transaction():
        batch = {
            "id": make_id("751", store.next("id/751")), "job": found["id"], "state": "Queued", "createdDate": moment,
            "systemModstamp": moment, "processed": 0, "failed": 0, "message": "",
        }  # fmt: skip
        store.put(BATCH.name, batch)
        store.put(DATA.name, {"id": batch["id"], "text": ctx.call.body.decode("utf-8", "replace")})
        lane = found["id"] if found["concurrencyMode"] == "Serial" else batch["id"]
        due = ctx.call.at + START_DELAY_S
        ctx.system.jobs.schedule(due, BATCH_WORK, {"id": batch["id"]}, f"{BATCH_WORK}/{batch['id']}", lane)
    return document("batchInfo", shown_batch(batch), found["contentType"] == "JSON", 201)


def listing(ctx: Context, job: str) -> Answer:
    """GET /job/<id>/batch."""
    found = job_of(ctx, job)
    batches = [shown_batch(batch) for batch in ctx.org.store.find(BATCH.name, job=found["id"])]
    return document("batchInfoList", {"batchInfo": batches}, found["contentType"] == "JSON")


def status(ctx: Context, job: str, batch: str) -> Answer:
    """GET /job/<id>/batch/<id>."""
    of, found = _batch_of(ctx, job, batch)
    return document("batchInfo", shown_batch(found), of["contentType"] == "JSON")


def request(ctx: Context, job: str, batch: str) -> Answer:
    """GET /job/<id>/batch/<id>/request: the rows as they were sent."""
    return request_of(ctx, *_batch_of(ctx, job, batch))


def outcome(ctx: Context, job: str, batch: str) -> Answer:
    """GET /job/<id>/batch/<id>/result: what became of each row, or the ids of a query's results."""
    found, of = _batch_of(ctx, job, batch)
    if of["state"] != "Completed":
        raise Refused("InvalidBatch", f"Batch not completed: {of['id']} is {of['state']}")
    return results_of(ctx, found, of)


def query_result(ctx: Context, job: str, batch: str, result: str) -> Answer:
    """GET /job/<id>/batch/<id>/result/<id>: the records of a query."""
    found, of = _batch_of(ctx, job, batch)
    answer = result_of(ctx, found, of, result)
    if answer is None:
        raise Refused("InvalidBatch", f"Invalid result id: {result}")
    return answer


def _batch_of(ctx: Context, job_id: str, batch_id: str) -> tuple[Doc, Doc]:
    job = job_of(ctx, job_id)
    batch = ctx.org.store.get(BATCH.name, parse_id(batch_id) or "")
    if batch is None or batch["job"] != job["id"]:
        raise Refused("InvalidBatch", f"Invalid batch id: {batch_id}")
    return job, batch


def shown_batch(batch: Doc) -> dict[str, Any]:
    """A batch as the API shows it."""
    return {
        "id": batch["id"], "jobId": batch["job"], "state": batch["state"], "stateMessage": batch["message"] or None,
        "createdDate": batch["createdDate"], "systemModstamp": batch["systemModstamp"],
        "numberRecordsProcessed": batch["processed"], "numberRecordsFailed": batch["failed"],
        "totalProcessingTime": batch["processed"], "apiActiveProcessingTime": batch["processed"],
        "apexProcessingTime": 0,
    }  # fmt: skip


_BASE = "/services/async/{api}/job"
ROUTES: tuple[tuple[str, str, str, Work], ...] = (
    ("POST", _BASE, "bulk1.job.create", create),
    ("POST", f"{_BASE}/{{job}}", "bulk1.job.change", change),
    ("GET", f"{_BASE}/{{job}}", "bulk1.job.status", show),
    ("POST", f"{_BASE}/{{job}}/batch", "bulk1.batch.create", add),
    ("GET", f"{_BASE}/{{job}}/batch", "bulk1.batch.list", listing),
    ("GET", f"{_BASE}/{{job}}/batch/{{batch}}", "bulk1.batch.status", status),
    ("GET", f"{_BASE}/{{job}}/batch/{{batch}}/request", "bulk1.batch.request", request),
    ("GET", f"{_BASE}/{{job}}/batch/{{batch}}/result", "bulk1.batch.results", outcome),
    ("GET", f"{_BASE}/{{job}}/batch/{{batch}}/result/{{result}}", "bulk1.batch.results", query_result),
)
