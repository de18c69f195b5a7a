"""The sObject collections resource: up to 200 records created, changed, upserted, deleted or read in one call."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from simulators.kit.calls import Answer
from simulators.salesforce import calculated, render
from simulators.salesforce.commit import Writer
from simulators.salesforce.errors import ApiError, Problem, failed, not_found, refused
from simulators.salesforce.ids import parse_id
from simulators.salesforce.outcomes import Outcome, Step, perform, refuse_repeated, repeated
from simulators.salesforce.records import named_fields
from simulators.salesforce.schemas import SObject
from simulators.salesforce.web import Context, flag, reply

MOST, MOST_CHUNKS, MOST_READ = 200, 10, 2_000
Row = dict[str, Any]


async def create(ctx: Context) -> Answer:
    """POST /composite/sobjects."""
    return _write(ctx, _creation)


async def update(ctx: Context) -> Answer:
    """PATCH /composite/sobjects."""
    return _write(ctx, _change)


def _write(ctx: Context, step: Callable[[Context, Writer, Row], Step]) -> Answer:
    body = ctx.json_object()
    rows = _rows(body)
    chunks = 1 + sum(_type(a).lower() != _type(b).lower() for a, b in pairwise(rows))
    if chunks > MOST_CHUNKS:
        message = f"Cannot process more than {MOST_CHUNKS} chunks of objects in one call"
        raise failed("EXCEEDED_MAX_TYPES_LIMIT", message)
    writer = ctx.writer()
    outcomes = perform(ctx.org.store, [step(ctx, writer, row) for row in rows], bool(body.get("allOrNone")))
    return reply(200, [outcome.shown() for outcome in outcomes])


def _rows(body: Row) -> list[Row]:
    rows = body.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise failed("JSON_PARSER_ERROR", "The records member must be a list of records")
    if not rows:
        raise failed("INVALID_INPUT", "The records list cannot be empty")
    check_size(len(rows))
    return rows


def check_size(count: int, most: int = MOST) -> None:
    """Refuse a call with too many records."""
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise failed("EXCEEDED_ID_LIMIT", message)


def _type(row: Row) -> str:
    attributes = row.get("attributes")
    return str(attributes.get("type", "")) if isinstance(attributes, dict) else ""


def _spec(ctx: Context, row: Row) -> SObject:
    name = _type(row)
    found = ctx.org.schema.get(name)
    if found is None:
        raise refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def _creation(ctx: Context, writer: Writer, row: Row) -> Step:
    return lambda: Outcome(writer.insert(_spec(ctx, row), row))


def _change(ctx: Context, writer: Writer, row: Row) -> Step:
    def step() -> Outcome:
        spec = _spec(ctx, row)
        record_id = next((value for name, value in row.items() if name.lower() == "id"), None)
        if record_id is None:
            raise refused("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
        values = {name: value for name, value in row.items() if name.lower() != "id"}
        writer.update(spec, str(record_id), values)
        return Outcome(parse_id(record_id))

    return step


async def upsert(ctx: Context, sobject: str, field: str) -> Answer:
    """PATCH /composite/sobjects/X/<field>: the field's value is in each record."""
    spec = ctx.sobject(sobject)
    lookup = spec.get(field)
    if lookup is None or not lookup.id_lookup:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {field}")
    body = ctx.json_object()
    rows = _rows(body)
    writer = ctx.writer()
    keys = [_key(row, lookup.name) for row in rows]
    doubled = repeated(keys)

    def steps() -> Iterator[Step]:
        for row, key in zip(rows, keys, strict=True):
            yield lambda row=row, key=key: one(row, key)  # type: ignore[misc]

    def one(row: Row, key: str | None) -> Outcome:
        if _type(row) and _type(row).lower() != spec.name.lower():
            raise refused("INVALID_TYPE", f"The record's type {_type(row)} is not {spec.name}")
        if key is not None and key.lower() in doubled:
            return refuse_repeated(key, lookup.name)
        values = {name: value for name, value in row.items() if name.lower() != lookup.name.lower()}
        if key is None:
            if lookup.type != "id":
                raise refused("MISSING_ARGUMENT", f"{lookup.name} not specified", lookup.name)
            return Outcome(writer.insert(spec, values), True)
        return Outcome(*writer.upsert(spec, lookup, key, values))

    outcomes = perform(ctx.org.store, steps(), bool(body.get("allOrNone")))
    return reply(200, [outcome.shown() for outcome in outcomes])


def _key(row: Row, field: str) -> str | None:
    found = next((value for name, value in row.items() if name.lower() == field.lower()), None)
    return None if found in (None, "") else str(found)


async def delete(ctx: Context) -> Answer:
    """DELETE /composite/sobjects?ids=a,b&allOrNone=true."""
    parameters = ctx.parameters()
    ids = [one.strip() for one in parameters.get("ids", "").split(",") if one.strip()]
    if not ids:
        raise failed("INVALID_INPUT", "The ids parameter is required")
    check_size(len(ids))
    writer = ctx.writer()

    def step(record_id: str) -> Step:
        def run() -> Outcome:
            known = parse_id(record_id)
            spec = ctx.org.schema.of_id(known) if known else None
            if known is None or spec is None:
                raise ApiError(Problem("MALFORMED_ID", f"malformed id {record_id}", ()))
            writer.delete(spec, known)
            return Outcome(known)

        return run

    outcomes = perform(ctx.org.store, [step(one) for one in ids], flag(parameters.get("allOrNone")))
    return reply(200, [outcome.shown() for outcome in outcomes])


async def retrieve(ctx: Context, sobject: str) -> Answer:
    """POST /composite/sobjects/X {"ids": […], "fields": […]}: nulls for misses, order kept."""
    body = ctx.json_object()
    ids, fields = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(fields, list):
        raise failed("INVALID_INPUT", "ids and fields must be lists")
    return _read(ctx, sobject, [str(one) for one in ids], fields)


async def retrieve_by_url(ctx: Context, sobject: str) -> Answer:
    """GET /composite/sobjects/X?ids=a,b&fields=C,D."""
    parameters = ctx.parameters()
    ids = [one for one in parameters.get("ids", "").split(",") if one]
    return _read(ctx, sobject, ids, parameters.get("fields", "Id").split(","))


def _read(ctx: Context, sobject: str, ids: list[str], fields: list[Any]) -> Answer:
    spec = ctx.sobject(sobject)
    check_size(len(ids), MOST_READ)
    wanted = [parse_id(one) for one in ids]
    chosen = named_fields(spec, fields)
    docs = ctx.org.fetch(spec.name, (one for one in wanted if one))
    found = [docs.get(one or "") for one in wanted]
    shown = [
        None
        if doc is None or doc["IsDeleted"]
        else render.selection(spec, calculated.filled(ctx.org, spec, doc, ctx.call.at), ctx.root, chosen)
        for doc in found
    ]
    return reply(200, shown)
