"""sObject rows: create, read, change, delete, by id and by external id."""

from typing import Any
from urllib.parse import quote

from simulators.kit.calls import Answer
from simulators.kit.fidelity import exact
from simulators.salesforce import calculated, preconditions, recycling, render
from simulators.salesforce.commit import ManyMatch
from simulators.salesforce.errors import failed, not_found, refused
from simulators.salesforce.events import platform
from simulators.salesforce.ids import parse_id
from simulators.salesforce.moments import epoch, read_datetime, stamp
from simulators.salesforce.schemas import Field, SObject
from simulators.salesforce.web import Context, flag, reply

exact(
    "upsert answers by API version (201, 200 with body from v46, 204 before, 300), `updateOnly`, references by "
    "external id",
    source="documented, reported",
    held_by="test_upsert",
)

EXPLICIT_UPSERT_BODY = 46  # from this API version an upsert that updates answers 200 with a body, before 204
UPDATED_WINDOW_DAYS, DELETED_WINDOW_DAYS = 30, 15


async def create(ctx: Context, sobject: str) -> Answer:
    """POST /sobjects/X; a platform event is published."""
    if sobject.lower().endswith("__e"):
        return platform.create(ctx, sobject)
    spec = ctx.sobject(sobject)
    record_id = ctx.writer().insert(spec, ctx.json_object())
    location = {"Location": f"{ctx.root}/sobjects/{spec.name}/{record_id}"}
    return reply(201, {"id": record_id, "success": True, "errors": []}, location)


async def create_by_id_field(ctx: Context, sobject: str, key: str) -> Answer:
    """POST /sobjects/X/Id: a plain insert for clients that always upsert."""
    if key.lower() != "id":
        raise failed("METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH")
    return await create(ctx, sobject)


async def read(ctx: Context, sobject: str, key: str) -> Answer:
    """GET /sobjects/X/<id>[?fields=A,B]."""
    spec = ctx.sobject(sobject)
    record_id = parse_id(key)
    if record_id is None:
        raise _no_external_id(key)
    return _shown(ctx, spec, record_id)


async def change(ctx: Context, sobject: str, key: str) -> Answer:
    """PATCH /sobjects/X/<id>."""
    spec = ctx.sobject(sobject)
    if parse_id(key) is None:
        raise _no_external_id(key)
    preconditions.check_write(ctx, spec, key)  # nobody else comes between: nothing is awaited
    ctx.writer().update(spec, key, ctx.json_object())
    return Answer(204)


async def remove(ctx: Context, sobject: str, key: str) -> Answer:
    """DELETE /sobjects/X/<id>."""
    spec = ctx.sobject(sobject)
    if parse_id(key) is None:
        raise _no_external_id(key)
    ctx.writer().delete(spec, key)
    return Answer(204)


async def read_external(ctx: Context, sobject: str, field: str, **rest: str) -> Answer:
    """GET /sobjects/X/<field>/<value>."""
    spec, lookup = _external(ctx, sobject, field)
    try:
        doc = ctx.writer().find(spec, lookup, _value(rest))
    except ManyMatch as many:
        return _many(ctx, spec, many)
    if doc is None:
        raise not_found()
    return _shown(ctx, spec, doc["Id"])


async def upsert(ctx: Context, sobject: str, field: str, **rest: str) -> Answer:
    """PATCH /sobjects/X/<field>/<value>: 201 created, 200 or 204 updated, 300 ambiguous."""
    spec, lookup = _external(ctx, sobject, field)
    update_only = flag(ctx.parameters().get("updateOnly"))
    try:
        preconditions.check_upsert(ctx, spec, lookup, _value(rest))
        record_id, created = ctx.writer().upsert(spec, lookup, _value(rest), ctx.json_object(), update_only)
    except ManyMatch as many:
        return _many(ctx, spec, many)
    if not created and ctx.version < EXPLICIT_UPSERT_BODY:
        return Answer(204)
    location = {"Location": f"{ctx.root}/sobjects/{spec.name}/{record_id}"}
    body = {"id": record_id, "success": True, "errors": [], "created": created}
    return reply(201 if created else 200, body, location if created else None)


async def remove_external(ctx: Context, sobject: str, field: str, **rest: str) -> Answer:
    """DELETE /sobjects/X/<field>/<value>."""
    spec, lookup = _external(ctx, sobject, field)
    writer = ctx.writer()
    try:
        doc = writer.find(spec, lookup, _value(rest))
    except ManyMatch as many:
        return _many(ctx, spec, many)
    if doc is None:
        raise not_found()
    writer.delete(spec, doc["Id"])
    return Answer(204)


async def updated(ctx: Context, sobject: str) -> Answer:
    """GET /sobjects/X/updated?start&end: ids changed or created in the window, which is cut to whole minutes."""
    spec = ctx.sobject(sobject)
    start, end = _window(ctx, UPDATED_WINDOW_DAYS)
    rows = ctx.org.store.rows(
        f'SELECT key FROM "{spec.name}" WHERE "SystemModstamp" >= ? AND "SystemModstamp" < ? AND "IsDeleted" = 0 '
        "ORDER BY key",
        (start, end),
    )
    return reply(200, {"ids": [row[0] for row in rows], "latestDateCovered": end})


async def deleted(ctx: Context, sobject: str) -> Answer:
    """GET /sobjects/X/deleted?start&end."""
    spec = ctx.sobject(sobject)
    start, end = _window(ctx, DELETED_WINDOW_DAYS)
    recycling.purge(ctx.org, ctx.call.at)
    rows = ctx.org.store.rows(
        f'SELECT key, "SystemModstamp" FROM "{spec.name}" WHERE "SystemModstamp" >= ? AND "SystemModstamp" < ? '
        'AND "IsDeleted" = 1 ORDER BY key',
        (start, end),
    )
    found = [{"id": row[0], "deletedDate": row[1]} for row in rows]
    earliest = stamp(ctx.call.at - DELETED_WINDOW_DAYS * 86_400)
    return reply(200, {"deletedRecords": found, "earliestDateAvailable": earliest, "latestDateCovered": end})


# -- inside ---------------------------------------------------------------


def _window(ctx: Context, days: int) -> tuple[str, str]:
    parameters = ctx.parameters()
    bounds: list[str] = []
    for name in ("start", "end"):
        found = read_datetime(parameters.get(name, "").replace(" ", "+"))
        if found is None:
            raise failed("MISSING_ARGUMENT", f"{name} is missing or no date and time")
        bounds.append(f"{found[:17]}00.000+0000")
    if epoch(bounds[1]) - epoch(bounds[0]) <= 60:
        raise failed("INVALID_REPLICATION_DATE", "startDate before endDate, with at least a minute between them")
    if epoch(bounds[0]) < ctx.call.at - days * 86_400:
        message = f"startDate before org replication enabled date, or more than {days} days ago"
        raise failed("INVALID_REPLICATION_DATE", message)
    return bounds[0], min(bounds[1], stamp(ctx.call.at))


def _value(rest: dict[str, str]) -> str:
    """The external id's value: jsforce leaves a slash in it unencoded, so further segments belong to it."""
    return "/".join(rest[name] for name in sorted(rest))


def _external(ctx: Context, sobject: str, field: str) -> tuple[SObject, Field]:
    spec = ctx.sobject(sobject)
    lookup = spec.get(field)
    if lookup is None or not lookup.id_lookup:
        raise _no_external_id(field)
    return spec, lookup


def _no_external_id(key: str) -> Exception:
    return not_found(f"Provided external ID field does not exist or is not accessible: {key}")


def _many(ctx: Context, spec: SObject, many: ManyMatch) -> Answer:
    return reply(300, [f"{ctx.root}/sobjects/{spec.name}/{quote(record_id)}" for record_id in many.ids])


def _shown(ctx: Context, spec: SObject, record_id: str) -> Answer:
    doc = ctx.org.get(spec.name, record_id)
    if doc is not None and doc["IsDeleted"]:
        recycling.purge(ctx.org, ctx.call.at)
        doc = ctx.org.get(spec.name, record_id)
    if doc is None:
        raise not_found()
    if doc["IsDeleted"]:
        raise refused("ENTITY_IS_DELETED", "entity is deleted")
    headers = preconditions.tags(spec, doc)
    if not preconditions.modified(ctx, spec, doc):
        return Answer(304, headers=headers)
    doc = calculated.filled(ctx.org, spec, doc, ctx.call.at)
    wanted = ctx.parameters().get("fields") if ctx.call.query else None
    if wanted is None:
        return reply(200, render.record(spec, doc, ctx.root), headers)
    return reply(200, render.selection(spec, doc, ctx.root, named_fields(spec, wanted.split(","))), headers)


def named_fields(spec: SObject, names: list[Any]) -> list[Field]:
    """Fields by name in any case; an unknown one is INVALID_FIELD."""
    found: list[Field] = []
    for name in names:
        field = spec.get(str(name).strip())
        if field is None:
            raise failed("INVALID_FIELD", f"No such column '{str(name).strip()}' on sobject of type {spec.name}")
        found.append(field)
    return found
