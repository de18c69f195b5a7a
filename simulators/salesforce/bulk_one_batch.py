"""Batches of Bulk API 1.0 at work: rows written in chunks of 200, queries answered from a snapshot of ids."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.calls import Answer
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.salesforce.bulk_csv import BadCsv
from simulators.salesforce.bulk_jobs import chunk_time, moved
from simulators.salesforce.bulk_one_forms import (
    CSV_TYPE,
    JSON_TYPE,
    XML_TYPE,
    Row,
    Unreadable,
    document,
    read_rows,
    results,
)
from simulators.salesforce.bulk_query import flat_query, keep_ids, table_of
from simulators.salesforce.bulk_results import csv_answer
from simulators.salesforce.bulk_rows import CHUNK, columns_of, steps_of, values_of
from simulators.salesforce.commit import Writer
from simulators.salesforce.errors import ApiError
from simulators.salesforce.intake import Writing
from simulators.salesforce.moments import epoch
from simulators.salesforce.outcomes import perform
from simulators.salesforce.schemas import SObject
from simulators.salesforce.soql.plan import Leaf, Node, Rows
from simulators.salesforce.state import BATCH, DATA, JOB, ROWS
from simulators.salesforce.web import Context

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

CLASSIC = "Classic"
QUERIES = ("query", "queryAll")
BATCH_WORK = "bulk.batch"
MOST_ROWS = 10_000


def worker(system: Salesforce) -> Callable[[Job], Any]:
    """The handler that works one batch off; after a restart it goes on where it was."""

    async def run(due: Job) -> None:
        store = system.store
        batch = store.get(BATCH.name, due.payload["id"])
        job = None if batch is None else store.get(JOB.name, batch["job"])
        if batch is None or job is None or batch["state"] not in ("Queued", "InProgress"):
            return
        text = (store.get(DATA.name, batch["id"]) or {"text": ""})["text"]
        try:
            if job["operation"] in QUERIES:
                _query(system, job, batch, text, due.due)
            else:
                await _write(system, job, batch, text, due)
        except (BadCsv, Unreadable, ApiError) as error:
            store.put(BATCH.name, moved(batch, "Failed", due.due, message=str(error)))

    return run


def _query(system: Salesforce, job: Doc, batch: Doc, text: str, at: float) -> None:
    run = flat_query(system.org, text, at, "", job["operation"] == "queryAll")
    with system.store.transaction():
        count = keep_ids(system.org, run, batch["id"])
        system.store.put(BATCH.name, moved(batch, "Completed", at, processed=count))


async def _write(system: Salesforce, job: Doc, batch: Doc, text: str, due: Job) -> None:
    store, spec = system.store, system.org.spec(job["object"])
    rows = islice(_rows(system, spec, text, job["contentType"]), batch["processed"], None)
    while chunk := list(islice(rows, CHUNK)):
        at = chunk_time(system, due)
        writer = Writer(system.org, Writing(at, job["createdById"], csv=True))
        with store.transaction():
            steps = steps_of(writer, spec, job["operation"], job["externalIdFieldName"], chunk)
            outcomes = perform(store, steps, False)
            kept = [
                [one.id, one.created, [[p.code, p.message, list(p.fields or ())] for p in one.problems]]
                for one in outcomes
            ]
            name = f"{batch['id']}/{batch['processed'] // CHUNK:07d}"
            store.put(ROWS.name, {"id": name, "job": batch["id"], "results": kept})
            wrong = sum(bool(outcome.problems) for outcome in outcomes)
            facts = {"processed": batch["processed"] + len(chunk), "failed": batch["failed"] + wrong}
            batch = moved(batch, "InProgress", at, **facts)
            store.put(BATCH.name, batch)
        await asyncio.sleep(0)
    store.put(BATCH.name, moved(batch, "Completed", chunk_time(system, due)))


def _rows(system: Salesforce, spec: SObject, text: str, kind: str) -> Iterator[Row]:
    """The batch's rows as a client's values; the whole batch is refused when it cannot be read."""
    found = read_rows(text.encode(), kind)
    if isinstance(found, list):
        if len(found) > MOST_ROWS:
            raise Unreadable(f"InvalidBatch : Records exceed the limit of {MOST_ROWS} of a batch")
        return (_folded(spec, row) for row in found)
    header, table = found
    columns = columns_of(system.org, spec, header)
    cells = list(islice(table, MOST_ROWS + 1))
    if len(cells) > MOST_ROWS:
        raise Unreadable(f"InvalidBatch : Records exceed the limit of {MOST_ROWS} of a batch")
    return (values_of(columns, row) for row in cells)


def _folded(spec: SObject, row: Row) -> Row:
    """A row with the fields that it names in the schema's own spelling."""
    known = {name: spec.get(name) for name in row}
    return {found.name if (found := known[name]) else name: value for name, value in row.items()}


# -- what came of it --------------------------------------------------------------------------


def request_of(ctx: Context, job: Doc, batch: Doc) -> Answer:
    """The batch as it was sent."""
    data = ctx.org.store.get(DATA.name, batch["id"]) or {"text": ""}
    kind = {"JSON": JSON_TYPE, "CSV": CSV_TYPE}.get(job["contentType"], XML_TYPE)
    return Answer(200, data["text"].encode(), kind)


def results_of(ctx: Context, job: Doc, batch: Doc) -> Answer:
    """What became of each row, or the ids of a query's results."""
    kind = job["contentType"]
    if job["operation"] in QUERIES:
        found = _result_id(batch)
        return document("result-list", [found] if kind == "JSON" else {"result": [found]}, kind == "JSON")
    rows = ctx.org.store.rows("SELECT doc FROM _bulk_rows WHERE job = ? ORDER BY key", (batch["id"],))
    return results([one for (text,) in rows for one in orjson.loads(text)["results"]], kind)


def _result_id(batch: Doc) -> str:
    return f"752{batch['id'][3:]}"


def result_of(ctx: Context, job: Doc, batch: Doc, result: str) -> Answer | None:
    """The records of a query batch; None for an id that is not one of its results."""
    if job["operation"] not in QUERIES or batch["state"] != "Completed" or result != _result_id(batch):
        return None
    text = (ctx.org.store.get(DATA.name, batch["id"]) or {"text": ""})["text"]
    run = flat_query(ctx.org, text, ctx.call.at, ctx.root, job["operation"] == "queryAll")
    count = batch["processed"]
    if job["contentType"] == "CSV":
        return csv_answer(table_of(run, batch["id"], 0, count), _CSV_FORM, count, kind=CSV_TYPE)
    body = run.plan.body
    assert isinstance(body, Rows)
    blocks = ctx.org.store.rows("SELECT doc FROM _bulk_rows WHERE job = ? ORDER BY key", (batch["id"],))
    records = [record for (doc,) in blocks for record in run.page(orjson.loads(doc)["keys"])]
    if job["contentType"] == "JSON":
        return Answer(200, orjson.dumps([_numbered(body.node, record) for record in records]), JSON_TYPE)
    return document("queryResult", [{"records": _plain(record)} for record in records], False)


_CSV_FORM = {"columnDelimiter": "COMMA", "lineEnding": "LF"}


def _numbered(node: Node, record: Row) -> Row:
    """A record as Bulk 1.0 writes it in JSON: moments and days are epoch milliseconds [reported]."""
    shown = dict(record)
    for entry in node.entries:
        if isinstance(entry, Leaf):
            value = shown.get(entry.key)
            if entry.field.type in ("datetime", "date") and isinstance(value, str):
                moment = value if entry.field.type == "datetime" else f"{value}T00:00:00.000+0000"
                shown[entry.key] = int(epoch(moment) * 1000)
        elif isinstance(entry, tuple):
            name, parent = entry
            if isinstance(shown.get(name), dict):
                shown[name] = _numbered(parent, shown[name])
    return shown


def _plain(record: Row) -> Row:
    """A record for XML: its type beside its fields."""
    fields = {name: _plain(item) if isinstance(item, dict) else item for name, item in record.items()}
    kind = record.get("attributes", {}).get("type")
    fields.pop("attributes", None)
    return {"type": kind, **fields}
