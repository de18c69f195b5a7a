"""Bulk 2.0 ingest: upload a CSV, have it written in chunks of 200 with partial success, fetch the results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.calls import Answer
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.salesforce import bulk_csv
from simulators.salesforce.bulk_jobs import FINAL, INGEST, START_DELAY_S, find, moved, new_job, show
from simulators.salesforce.commit import Writer
from simulators.salesforce.errors import Problem, failed, refused
from simulators.salesforce.intake import Writing
from simulators.salesforce.outcomes import Outcome, Step, perform, refuse_repeated, repeated
from simulators.salesforce.schemas import SObject
from simulators.salesforce.state import DATA, JOB, ROWS
from simulators.salesforce.web import Context, reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
CHUNK = 200
WORK = "bulk.ingest"


async def create(ctx: Context) -> Answer:
    """POST /jobs/ingest."""
    body = ctx.json_object()
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
    facts = {"operation": operation, "object": spec.name, "externalIdFieldName": external, "state": "Open"}
    with ctx.org.store.transaction():
        job = new_job(ctx, INGEST, facts)
        ctx.org.store.put(JOB.name, job)
    return reply(200, show(job, False))


async def upload(ctx: Context, job: str) -> Answer:
    """PUT /jobs/ingest/<id>/batches: the CSV, once."""
    found = find(ctx, job, INGEST)
    if found["state"] != "Open" or ctx.org.store.get(DATA.name, found["id"]) is not None:
        message = "Found multiple contents for job: " if found["state"] == "Open" else "The job is not open: "
        raise failed(
            "INVALIDJOBSTATE", f"{message}<{found['id']}>, please 'Close' / 'Abort' / 'Delete' the current Job"
        )
    text = ctx.call.body.decode("utf-8", "surrogateescape")
    ctx.org.store.put(DATA.name, {"id": found["id"], "text": text.encode("utf-8", "replace").decode()})
    return Answer(201)


async def close(ctx: Context, job: str) -> Answer:
    """PATCH /jobs/ingest/<id> {"state": "UploadComplete" | "Aborted"}."""
    found = find(ctx, job, INGEST)
    state = ctx.json_object().get("state")
    if state not in ("UploadComplete", "Aborted"):
        raise failed("INVALIDJOBSTATE", f"A job cannot be moved to the state {state}")
    if found["state"] in FINAL or (state == "UploadComplete" and found["state"] != "Open"):
        raise failed("INVALIDJOBSTATE", f"The job is {found['state']} and cannot become {state}")
    store, at = ctx.org.store, ctx.call.at
    with store.transaction():
        found = moved(found, state, at)
        store.put(JOB.name, found)
        if state == "UploadComplete":
            ctx.system.jobs.schedule(at + START_DELAY_S, WORK, {"id": found["id"]}, f"{WORK}/{found['id']}", WORK)
    return reply(200, show(found, False))


# -- the work ---------------------------------------------------------------------------------


def worker(system: Salesforce) -> Callable[[Job], Any]:
    """The handler that works a closed job off, chunk by chunk; after a restart it goes on where it was."""

    async def run(due: Job) -> None:
        store = system.store
        job = store.get(JOB.name, due.payload["id"])
        if job is None or job["state"] in FINAL:
            return
        spec = system.org.schema.get(job["object"])
        data = store.get(DATA.name, job["id"]) or {"text": ""}
        try:
            header, rows = bulk_csv.read(data["text"].encode(), job["columnDelimiter"])
            columns = _columns(system, spec, header, job)
        except bulk_csv.BadCsv as error:
            store.put(JOB.name, moved(job, "Failed", due.due, error=str(error)))
            return
        assert spec is not None
        while job["processed"] < len(rows):
            chunk = rows[job["processed"] : job["processed"] + CHUNK]
            writer = Writer(system.org, Writing(due.due, job["createdById"], csv=True))
            with store.transaction():
                outcomes = perform(store, _steps(writer, spec, job, columns, chunk), False)
                _keep(system, job, outcomes)
                wrong = sum(bool(outcome.problems) for outcome in outcomes)
                facts = {"processed": job["processed"] + len(chunk), "failed": job["failed"] + wrong}
                job = moved(job, "InProgress", due.due, **facts)
                store.put(JOB.name, job)
            await asyncio.sleep(0)
            job = store.get(JOB.name, job["id"])
            if job is None or job["state"] in FINAL:
                return  # aborted or deleted meanwhile
        store.put(JOB.name, moved(job, "JobComplete", due.due))

    return run


def _columns(system: Salesforce, spec: SObject | None, header: list[str], job: Doc) -> list[tuple[str, str]]:
    """For each column its field, or a relationship and the external id that it is looked up by."""
    if spec is None:
        raise bulk_csv.BadCsv(f"InvalidBatch : The object {job['object']} does not exist")
    found: list[tuple[str, str]] = []
    for name in header:
        head, _, rest = name.partition(".")
        field, reference = spec.get(name), spec.parents.get(head.lower())
        if field is not None:
            found.append((field.name, ""))
        elif reference is not None and rest and system.org.spec(reference.to).get(rest):
            found.append((reference.relationship, rest))
        else:
            raise bulk_csv.BadCsv(f"InvalidBatch : Field name not found : {name}")
    return found


def _raw(columns: Sequence[tuple[str, str]], row: Sequence[str]) -> dict[str, Any]:
    """A row as a client's values: empty cells say nothing, #N/A clears."""
    raw: dict[str, Any] = {}
    for (name, by), text in zip(columns, row, strict=True):
        if text == "":
            continue
        value = None if text == bulk_csv.NULL else text
        raw[name] = {by: value} if by and value is not None else value
    return raw


def _steps(
    writer: Writer, spec: SObject, job: Doc, columns: Sequence[tuple[str, str]], rows: list[list[str]]
) -> list[Step]:
    raws = [_raw(columns, row) for row in rows]
    external = job["externalIdFieldName"]
    doubled = repeated([raw.get(external) for raw in raws]) if external else set()

    def step(raw: dict[str, Any]) -> Outcome:
        operation = job["operation"]
        if operation == "insert":
            return Outcome(writer.insert(spec, raw), True)
        if operation == "upsert":
            return _upsert(writer, spec, external, raw, doubled)
        record_id = raw.pop("Id", None)
        if record_id is None:
            raise refused(
                "MISSING_ARGUMENT", f"Id not specified in {'an' if operation == 'update' else 'a'} {operation} call"
            )
        known = writer.existing(spec, record_id)["Id"]
        if operation == "update":
            writer.update(spec, known, raw)
        else:
            writer.delete(spec, known)
            if operation == "hardDelete":
                writer.org.store.delete(spec.name, known)
        return Outcome(known, False)

    return [lambda raw=raw: step(raw) for raw in raws]  # type: ignore[misc]


def _upsert(writer: Writer, spec: SObject, external: str, raw: dict[str, Any], doubled: set[str]) -> Outcome:
    field = spec.fields[external.lower()]
    key = raw.pop(external, None)
    if external != "Id":
        raw.pop("Id", None)  # jsforce sends an empty or foreign Id column beside the external id
    if key is None:
        if external != "Id":
            raise refused("MISSING_ARGUMENT", f"{external} not specified", external)
        return Outcome(writer.insert(spec, raw), True)
    if key.lower() in doubled:
        return refuse_repeated(key, external)
    return Outcome(*writer.upsert(spec, field, key, raw))


def _keep(system: Salesforce, job: Doc, outcomes: list[Outcome]) -> None:
    results = [[outcome.id, outcome.created, _message(outcome.problems)] for outcome in outcomes]
    number = job["processed"] // CHUNK
    system.store.put(ROWS.name, {"id": f"{job['id']}/{number:07d}", "job": job["id"], "results": results})


def _message(problems: tuple[Problem, ...]) -> str:
    return ";".join(f"{one.code}:{one.message}:{' '.join(one.fields or ())} --" for one in problems)


# -- results ----------------------------------------------------------------------------------


async def successful(ctx: Context, job: str) -> Answer:
    """GET …/successfulResults."""
    return _results(ctx, job, ("sf__Id", "sf__Created"), lambda result: None if result[2] else result[:2])


async def failures(ctx: Context, job: str) -> Answer:
    """GET …/failedResults."""
    return _results(ctx, job, ("sf__Id", "sf__Error"), lambda result: [result[0], result[2]] if result[2] else None)


async def unprocessed(ctx: Context, job: str) -> Answer:
    """GET …/unprocessedRecords: rows of an aborted or failed job that were never tried."""
    return _results(ctx, job, (), None)


def _results(
    ctx: Context, job: str, lead: tuple[str, ...], pick: Callable[[list[Any]], list[Any] | None] | None
) -> Answer:
    found = find(ctx, job, INGEST)
    if found["state"] not in FINAL:
        raise failed("JOB_NOT_COMPLETE", "The job has not completed yet, results are not available", 412)
    data = ctx.org.store.get(DATA.name, found["id"]) or {"text": ""}
    try:
        header, rows = bulk_csv.read(data["text"].encode(), found["columnDelimiter"])
    except bulk_csv.BadCsv:
        header, rows = [], []
    table: list[list[Any]] = [[*lead, *header]]
    if pick is None:
        table += rows[found["processed"] :]
    else:
        chunks = ctx.org.store.rows("SELECT doc FROM _bulk_rows WHERE job = ? ORDER BY key", (found["id"],))
        results = [result for (text,) in chunks for result in orjson.loads(text)["results"]]
        for result, row in zip(results, rows, strict=False):
            picked = pick(result)
            if picked is not None:
                table.append([*picked, *row])
    body = bulk_csv.write(table, found["columnDelimiter"], found["lineEnding"])
    return Answer(200, body, "text/csv;charset=UTF-8")
