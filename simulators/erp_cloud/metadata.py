"""The metadata catalog: which records there are, and their fields as OpenAPI or JSON Schema."""

from collections.abc import Mapping
from typing import Any

import orjson

from simulators.erp_cloud.errors import Problem, Refused, error_answer
from simulators.erp_cloud.render import RECORDS, link
from simulators.erp_cloud.routes import query_of, record_type
from simulators.erp_cloud.schemas import RECORD_TYPES, Field, RecordType
from simulators.erp_cloud.state import State
from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import approximate
from simulators.kit.routes import Routes

approximate(
    "metadata catalog",
    "names, OpenAPI and JSON Schema of our fields: far fewer than an account has",
    source="documented",
)

Doc = dict[str, Any]

CATALOG = f"{RECORDS}/metadata-catalog"
SWAGGER, SCHEMA = "application/swagger+json", "application/schema+json"
_PLAIN: Mapping[str, Doc] = {
    "string": {"type": "string"}, "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"}, "money": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"}, "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}  # fmt: skip


class Metadata:
    """`record/v1/metadata-catalog`."""

    def __init__(self, state: State) -> None:
        self.state = state

    def register(self, routes: Routes) -> None:
        """Put the endpoints in the route table."""
        routes.add("GET", CATALOG, "metadata", self.catalog)
        routes.add("GET", f"{CATALOG}/{{name}}", "metadata", self.one)

    async def catalog(self, call: Call) -> Answer:
        """Names, or with `select` the OpenAPI document of the selected records."""
        select = query_of(call).get("select", "") if call.query else ""
        accept = call.headers.get("accept", "")
        try:
            chosen = [record_type(name.strip()) for name in select.split(",") if name.strip()]
        except Refused as refused:
            return error_answer(refused.problem)
        if SWAGGER in accept:
            return Answer(200, orjson.dumps(self._openapi(call, chosen or list(RECORD_TYPES.values()))), SWAGGER)
        items = [_entry(call, record) for record in chosen or RECORD_TYPES.values()]
        body = {"links": [link("self", f"{call.base_url}{CATALOG}")], "items": items}
        return Answer(200, orjson.dumps(body), "application/json")

    async def one(self, call: Call, name: str) -> Answer:
        """One record: JSON Schema or OpenAPI, as Accept says."""
        try:
            record = record_type(name)
        except Refused as refused:
            return error_answer(refused.problem)
        accept = call.headers.get("accept", "*/*")
        if SWAGGER in accept:
            return Answer(200, orjson.dumps(self._openapi(call, [record])), SWAGGER)
        if SCHEMA in accept or "*/*" in accept or "application/json" in accept:
            return Answer(200, orjson.dumps(self._schema(record)), SCHEMA)
        return error_answer(Problem(406, "NOT_ACCEPTABLE", f"{accept[:80]} cannot be served.", header="Accept"))

    def _schema(self, record: RecordType) -> Doc:
        properties = {one.name: _property(one) for one in self.state.fields_of(record).values()}
        shared = {"id": {"type": "string", "title": "Internal ID"}, "links": {"type": "array", "readOnly": True}}
        return {"type": "object", "properties": {**shared, **properties}, "x-ns-filterable": list(properties)}

    def _openapi(self, call: Call, chosen: list[RecordType]) -> Doc:
        paths: Doc = {}
        for record in chosen:
            paths[f"/{record.name}"] = {"get": _operation(record), "post": _operation(record)}
            paths[f"/{record.name}/{{id}}"] = {verb: _operation(record) for verb in ("get", "patch", "put", "delete")}
        return {
            "openapi": "3.0.1",
            "info": {"title": "NetSuite REST Record API", "version": "v1"},
            "servers": [{"url": f"{call.base_url}{RECORDS}"}],
            "paths": paths,
            "components": {"schemas": {record.name: self._schema(record) for record in chosen}},
        }


def _entry(call: Call, record: RecordType) -> Doc:
    here = f"{call.base_url}{CATALOG}/{record.name}"
    links = [link("canonical", here), {**link("describes", f"{call.base_url}{RECORDS}/{record.name}")}]
    links += [{**link("alternate", here), "mediaType": media} for media in (SWAGGER, SCHEMA)]
    return {"name": record.name, "links": links}


def _operation(record: RecordType) -> Doc:
    return {"tags": [record.name], "responses": {"default": {"description": "See the record service."}}}


def _property(one: Field) -> Doc:
    if one.type in _PLAIN:
        shown = dict(_PLAIN[one.type])
    elif one.type == "sublist":
        line = {"type": "object", "properties": {field.name: _property(field) for field in one.fields.values()}}
        shown = {"type": "object", "properties": {"items": {"type": "array", "items": line}}}
    elif one.type == "subrecord":
        shown = {"type": "object", "properties": {field.name: _property(field) for field in one.fields.values()}}
    else:
        parts: Doc = {name: {"type": "string"} for name in ("id", "refName", "externalId")}
        if one.values:
            parts["id"]["enum"] = list(one.values)
        shown = {"type": "object", "properties": parts}
    if one.read_only:
        shown["readOnly"] = True
    return {"title": one.label or one.name, **shown}
