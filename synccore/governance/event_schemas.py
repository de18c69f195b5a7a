"""The JSON Schemas (2020-12) of the canonical events, made from their payload models, and the AsyncAPI page of them."""

from typing import Any

from synccore.domain.events import Event, dataschema
from synccore.domain.payloads import EVENT_TYPES

Json = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODE = "FULL_TRANSITIVE"
_ENVELOPE = ("id", "source", "type", "subject", "time", "dataschema", "partitionkey", "sequence")


def event_schema(kind: str) -> Json:
    """The schema of one type's data. Open: a reader ignores members that it does not know."""
    known = EVENT_TYPES[kind]
    made = _plain(known.payload.model_json_schema())
    made["description"] = " ".join((known.payload.__doc__ or "").split())
    head = {"$schema": DIALECT, "$id": dataschema(kind, known.version), "title": kind}
    return {**head, "x-version": known.version, "x-compatibility": MODE, **made}


def event_schemas() -> dict[str, Json]:
    """All of them, by type."""
    return {kind: event_schema(kind) for kind in sorted(EVENT_TYPES)}


def _plain(node: Any) -> Any:
    """Without the titles that repeat a member's name, and open to what later versions add."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = {name: _plain(item) for name, item in node.get("properties", {}).items()}
    kept = {
        name: _plain(item) for name, item in node.items()
        if name != "properties" and not (name == "title" and isinstance(item, str)) and name != "additionalProperties"
    }  # fmt: skip
    return {**kept, "properties": named} if "properties" in node else kept


def envelope_schema() -> Json:
    """CloudEvents 1.0 as the core fills it in; `data` is the type's own schema."""
    text: Json = {"type": "string", "minLength": 1}
    members: Json = dict.fromkeys(_ENVELOPE, text)
    members |= {
        "specversion": {"const": "1.0"}, "datacontenttype": {"const": "application/json"},
        "time": {"type": "string", "format": "date-time"}, "sequence": {"type": "string", "pattern": "^[0-9]{20}$"},
        "causationid": {"type": "string"}, "correlationid": {"type": "string"}, "data": {"type": "object"},
    }  # fmt: skip
    return {"type": "object", "required": ["specversion", *_ENVELOPE, "data"], "properties": members}


def asyncapi() -> Json:
    """AsyncAPI 3.0: the feed of canonical events, one message a type."""
    messages: Json = {
        kind: {
            "name": kind, "title": kind, "summary": schema["description"],
            "contentType": "application/cloudevents+json",
            "payload": {"allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {"properties": {"type": {"const": Event.full_type(kind)},
                                "data": {"$ref": f"#/components/schemas/{kind}"}}},
            ]},
        }
        for kind, schema in event_schemas().items()
    }  # fmt: skip
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Canonical events of the sync core", "version": "1",
                 "description": "Business facts in order of their sequence, read from GET /events; each told once."},
        "defaultContentType": "application/cloudevents+json",
        "channels": {"events": {"address": "/events", "messages": {
            kind: {"$ref": f"#/components/messages/{kind}"} for kind in messages}}},
        "operations": {"tellEvents": {"action": "send", "channel": {"$ref": "#/channels/events"}}},
        "components": {"messages": messages, "schemas": {"envelope": envelope_schema(), **{
            kind: {name: part for name, part in schema.items() if name not in ("$schema", "$id")}
            for kind, schema in event_schemas().items()}}},
    }  # fmt: skip
