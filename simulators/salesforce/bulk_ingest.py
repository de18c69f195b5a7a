"""Bulk 2.0 ingest: upload a CSV, have it written in chunks of 200 with partial success."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.parser import BytesParser
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.calls import Answer
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.salesforce import bulk_csv
from simulators.salesforce.bulk_jobs import FINAL, INGEST, START_DELAY_S, chunk_time, find, moved, new_job, show
from simulators.salesforce.bulk_rows import CHUNK, OPERATIONS, columns_of, message_of, steps_of, values_of
from simulators.salesforce.commit import Writer
from simulators.salesforce.contention import job_delay
from simulators.salesforce.errors import failed
from simulators.salesforce.intake import Writing
from simulators.salesforce.outcomes import Outcome, perform
from simulators.salesforce.state import DATA, JOB, ROWS
from simulators.salesforce.web import Context, reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

WORK = "bulk.ingest"
_UPLOADS = ("", "text/csv", "text/plain", "application/octet-stream")
MULTIPART_MOST = 100_000  # characters of data that a job may bring with its creation
ORIGIN = "com/salesforce/api/bulkapi2"


async def create(ctx: Context) -> Answer:
    """POST /jobs/ingest; as multipart/form-data it brings its data and needs no close."""
    if ctx.call.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return _create_with_data(ctx)
    with ctx.org.store.transaction():
        job = _created(ctx, ctx.json_object())
    return reply(200, show(job, False))


def _created(ctx: Context, body: dict[str, Any]) -> Doc:
    operation, name = body.get("operation"), str(body.get("object") or "")
    if operation not in OPERATIONS:
        raise failed("INVALIDJOB", f"Unknown operation: {operation}")
    spec = ctx.org.schema.get(name)
    if spec is None:
        raise failed("INVALIDJOB", f"InvalidEntity : The object {name} does not exist")
    if str(body.get("contentType") or "CSV").upper() != "CSV":
        raise failed("INVALIDJOB", "Only the content type CSV is supported")
    external = str(body.get("externalIdFieldName") or "")
    if operation == "upsert":
        lookup = spec.get(external)
        if lookup is None or not lookup.id_lookup:
            raise failed("INVALIDJOB", f"InvalidJob : externalIdFieldName {external} is no external id of {spec.name}")
        external = lookup.name
    else:
        external = ""
    facts = {"operation": operation, "object": spec.name, "externalIdFieldName": external, "state": "Open"}
    job = new_job(ctx, INGEST, body, facts)
    ctx.org.store.put(JOB.name, job)
    return job


def _create_with_data(ctx: Context) -> Answer:
    head = f"Content-Type: {ctx.call.headers['content-type']}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser().parsebytes(head + ctx.call.body)
    parts = {
        str(part.get_param("name", "", "content-disposition")): part.get_payload(decode=True) or b""
        for part in (message.get_payload() if message.is_multipart() else ())
        if not isinstance(part, str)
    }
    if not isinstance(parts.get("job"), bytes) or not isinstance(parts.get("content"), bytes):
        raise failed("INVALIDJOB", "A multipart request has the parts job and content")
    try:
        body = orjson.loads(parts["job"])  # type: ignore[arg-type]
    except orjson.JSONDecodeError as error:
        raise failed("JSON_PARSER_ERROR", f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from None
    if not isinstance(body, dict):
        raise failed("JSON_PARSER_ERROR", "The part job must be an object")
    data = parts["content"]
    assert isinstance(data, bytes)
    if len(data) > MULTIPART_MOST:
        raise failed("INVALIDJOB", f"The data of a multipart request has at most {MULTIPART_MOST} characters")
    with ctx.org.store.transaction():
        job = _created(ctx, body)
        _keep_data(ctx, job["id"], data)
        job = _closed(ctx, job)
    return reply(200, show(job, False))


async def upload(ctx: Context, job: str) -> Answer:
    """PUT /jobs/ingest/<id>/batches: the CSV, once."""
    found = find(ctx, job, INGEST)
    kind = ctx.call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _UPLOADS:
        raise failed(
            "UNSUPPORTED_MEDIA_TYPE", f"Content-Type header specified in HTTP request is not supported: {kind}"
        )
    if found["state"] != "Open" or ctx.org.store.get(DATA.name, found["id"]) is not None:
        message = "Found multiple contents for job: " if found["state"] == "Open" else "The job is not open: "
        raise failed(
            "INVALIDJOBSTATE", f"{message}<{found['id']}>, please 'Close' / 'Abort' / 'Delete' the current Job"
        )
    _keep_data(ctx, found["id"], ctx.call.body)
    return Answer(201)


def _keep_data(ctx: Context, job: str, data: bytes) -> None:
    """Keep an upload; one that is no UTF-8 is kept as the complaint that the job will fail with."""
    try:
        kept = {"id": job, "text": bulk_csv.decoded(data)}
    except bulk_csv.BadCsv as error:
        kept = {"id": job, "text": "", "wrong": str(error)}
    ctx.org.store.put(DATA.name, kept)


async def close(ctx: Context, job: str) -> Answer:
    """PATCH /jobs/ingest/<id> {"state": "UploadComplete" | "Aborted"}."""
    found = find(ctx, job, INGEST)
    state = ctx.json_object().get("state")
    if state not in ("UploadComplete", "Aborted"):
        raise failed("INVALIDJOBSTATE", f"A job cannot be moved to the state {state}")
    if found["state"] in FINAL or (state == "UploadComplete" and found["state"] != "Open"):
        raise failed("INVALIDJOBSTATE", f"The job is {found['state']} and cannot become {state}")
    with ctx.org.store.transaction():
        if state == "UploadComplete":
            found = _closed(ctx, found)
        else:
            found = moved(found, state, ctx.call.at)
            ctx.org.store.put(JOB.name, found)
    return reply(200, show(found, False))


def _closed(ctx: Context, job: Doc) -> Doc:
    at = ctx.call.at
    job = moved(job, "UploadComplete", at)
    ctx.org.store.put(JOB.name, job)
    due = at + START_DELAY_S + job_delay(ctx.org.faults, job, at)
    ctx.system.jobs.schedule(due, WORK, {"id": job["id"]}, f"{WORK}/{job['id']}", WORK)
    return job


# -- the work ---------------------------------------------------------------------------------


def worker(system: Salesforce) -> Callable[[Job], Any]:
    """The handler that works a closed job off, chunk by chunk; after a restart it goes on where it was."""

    async def run(due: Job) -> None:
        store = system.store
        job = store.get(JOB.name, due.payload["id"])
        if job is None or job["state"] in FINAL:
            return
        data = store.get(DATA.name, job["id"]) or {"text": ""}
        spec = system.org.schema.get(job["object"])
        try:
            if "wrong" in data:
                raise bulk_csv.BadCsv(data["wrong"])
            header = bulk_csv.checked(data["text"], job["columnDelimiter"], job["lineEnding"])
            if spec is None:
                raise bulk_csv.BadCsv(f"InvalidBatch : The object {job['object']} does not exist")
            columns = columns_of(system.org, spec, header)
        except bulk_csv.BadCsv as error:
            store.put(JOB.name, moved(job, "Failed", due.due, error=str(error)))
            return
        rows = islice(bulk_csv.rows(data["text"], job["columnDelimiter"]), 1 + job["processed"], None)
        while chunk := list(islice(rows, CHUNK)):
            at = chunk_time(system, due)
            writer = Writer(system.org, Writing(at, job["createdById"], csv=True, origin=ORIGIN))
            raws = [values_of(columns, row) for row in chunk]
            with store.transaction():
                steps = steps_of(writer, spec, job["operation"], job["externalIdFieldName"], raws)
                outcomes = perform(store, steps, False)
                _keep(system, job, outcomes)
                wrong = sum(bool(outcome.problems) for outcome in outcomes)
                facts = {"processed": job["processed"] + len(chunk), "failed": job["failed"] + wrong}
                job = moved(job, "InProgress", at, **facts)
                store.put(JOB.name, job)
            await asyncio.sleep(0)
            job = store.get(JOB.name, job["id"])
            if job is None or job["state"] in FINAL:
                return  # aborted or deleted meanwhile
        store.put(JOB.name, moved(job, "JobComplete", chunk_time(system, due)))

    return run


def _keep(system: Salesforce, job: Doc, outcomes: list[Outcome]) -> None:
    results = [[outcome.id, outcome.created, message_of(outcome.problems)] for outcome in outcomes]
    number = job["processed"] // CHUNK
    system.store.put(ROWS.name, {"id": f"{job['id']}/{number:07d}", "job": job["id"], "results": results})
