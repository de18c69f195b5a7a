"""Platform events: declared with the schema, published by Pub/Sub and by REST, told like changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fastavro
import orjson

from simulators.kit.calls import Answer
from simulators.kit.fidelity import absent, exact
from simulators.salesforce import definition
from simulators.salesforce.errors import ApiError, Problem, failed, not_found
from simulators.salesforce.events import topics
from simulators.salesforce.events.avro import NAMESPACE, TYPES, converted, decoded, doc_of, encoded, schema_id
from simulators.salesforce.events.bus import Event
from simulators.salesforce.ids import make_id
from simulators.salesforce.schemas import SObject
from simulators.salesforce.values import Rejected, Unreadable, coerce
from simulators.salesforce.web import Context, reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "platform events: POST /sobjects/X__e answers OPERATION_ENQUEUED, Publish gives each event its own result; "
    "/event/eventSchema/{id} and /sobjects/X/eventSchema",
    source="documented, reported",
    held_by="test_platform_events",
)
absent("publish-after-commit platform events, event filters of channels, high-volume usage metrics")

PREFIX = "e00"
SIZE_MAX = 1_000_000  # bytes of one event


def schema_of(system: Salesforce, entity: str) -> str:
    """The id of the schema that an entity's events have now."""
    if entity.endswith("__e"):
        return str(_layout(system, entity)[0])
    return system.capture.layout(entity).id


def publish(system: Salesforce, entity: str, schema: str, payload: bytes, event_id: str, user: str) -> Event:
    """Take an event in as its publisher made it; raises ValueError with what is wrong with it."""
    known = system.bus.schema(schema) if schema else None
    if known is None or known[0] != entity:
        raise ValueError(f"The schema {schema!r} is none of {entity}.")
    if len(payload) > SIZE_MAX:
        raise ValueError(f"The event has more than {SIZE_MAX} bytes.")
    record = decoded(fastavro.parse_schema(orjson.loads(known[1])), payload)
    del user
    _check(system, entity, record)
    with system.store.transaction():
        return system.bus.append(entity, schema, payload, system.clock.now(), event_id)


def _check(system: Salesforce, entity: str, record: dict[str, Any]) -> None:
    for field in _layout(system, entity)[2].fields.values():
        value = record.get(field.name)
        if value is None and field.required:
            raise ValueError(f"Required fields are missing: [{field.name}]")
        if isinstance(value, str) and field.length and len(value) > field.length:
            raise ValueError(f"{field.name}: data value too large (max length={field.length})")


def create(ctx: Context, name: str) -> Answer:
    """POST /sobjects/X__e: accepted for publishing."""
    system = ctx.system
    entity = next((known for known in topics.platform_events(ctx.org.schema) if known.lower() == name.lower()), None)
    if entity is None:
        raise not_found()
    schema, parsed, described = _layout(system, entity)
    record: dict[str, Any] = {"CreatedDate": round(ctx.call.at * 1000), "CreatedById": ctx.call.principal}
    for key, value in ctx.json_object().items():
        field = described.get(key)
        if field is None:
            if key.lower() == "attributes":
                continue
            raise failed("INVALID_FIELD", f"No such column '{key}' on sobject of type {entity}")
        try:
            record[field.name] = converted(field, coerce(described, field, value))
        except Rejected as rejected:
            raise ApiError(rejected.problem) from None
        except Unreadable as unreadable:
            raise failed("JSON_PARSER_ERROR", str(unreadable)) from None
    missing = tuple(name for name in described.required if record.get(name) is None)
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise ApiError(Problem("REQUIRED_FIELD_MISSING", message, missing))
    with system.store.transaction():
        event = system.bus.append(entity, schema, encoded(parsed, record), ctx.call.at)
    queued = {"statusCode": "OPERATION_ENQUEUED", "message": event.id, "fields": []}
    return reply(201, {"id": make_id(PREFIX, event.replay), "success": True, "errors": [queued]})


async def schema_by_id(ctx: Context, schema: str) -> Answer:
    """GET /event/eventSchema/<id>."""
    found = ctx.system.bus.schema(schema)
    if found is None:
        raise not_found()
    return reply(200, {**orjson.loads(found[1]), "uuid": schema})


async def schema_by_name(ctx: Context, sobject: str) -> Answer:
    """GET /sobjects/AccountChangeEvent/eventSchema."""
    schema = ctx.org.schema
    kind = "/event/" if sobject.endswith("__e") else "/data/"
    topic = topics.find(schema, kind + sobject)
    if topic is None or not topic.entity:
        raise not_found()
    return await schema_by_id(ctx, schema_of(ctx.system, topic.entity))


def _layout(system: Salesforce, entity: str) -> tuple[str, Any, SObject]:
    """Id, codec schema and fields of a platform event as it is now."""
    schema = system.org.schema
    found: tuple[str, Any, SObject, str] | None = schema.plans.get(("layout", entity))
    if found is None:
        described = definition.event(dict(schema.raw), entity)
        fields = [
            {"name": "CreatedDate", "type": "long", "doc": "CreatedDate:DateTime"},
            {"name": "CreatedById", "type": "string", "doc": "CreatedBy:EntityId"},
            *({"name": field.name, "type": ["null", TYPES.get(field.type, "string")], "doc": doc_of(field),
               "default": None} for field in described.fields.values()),
        ]  # fmt: skip
        text = orjson.dumps({"type": "record", "name": entity, "namespace": NAMESPACE, "fields": fields}).decode()
        found = (schema_id(text), fastavro.parse_schema(orjson.loads(text)), described, text)
        schema.plans["layout", entity] = found
    system.bus.keep_schema(found[0], entity, found[3])
    return found[:3]
