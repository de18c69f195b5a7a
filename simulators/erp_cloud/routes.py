"""The record API at the wire: paths, headers and query parameters to reads and writes."""

from functools import partial
from typing import Any
from urllib.parse import parse_qs

import orjson

from simulators.erp_cloud import batches
from simulators.erp_cloud.access import Access
from simulators.erp_cloud.body import LENIENCY, Reader, load_object
from simulators.erp_cloud.deposits import application_overrides
from simulators.erp_cloud.errors import (
    NO_RECORD,
    Problem,
    Refused,
    error_answer,
    invalid_parameter,
    not_found,
    not_permitted,
    unknown_record_type,
)  # fmt: skip
from simulators.erp_cloud.filters import Condition, parse
from simulators.erp_cloud.moments import today
from simulators.erp_cloud.orders import invoice_overrides
from simulators.erp_cloud.receipts import payment_overrides
from simulators.erp_cloud.records import Records
from simulators.erp_cloud.render import COLLECTION, RECORDS, SINGULAR, Renderer, View, link, page_links
from simulators.erp_cloud.roles import VIEW, Role
from simulators.erp_cloud.sales import credit_overrides
from simulators.erp_cloud.schemas import RECORD_TYPES, Field, RecordType
from simulators.erp_cloud.state import State
from simulators.kit.calls import Answer, Call
from simulators.kit.routes import Routes

Doc = dict[str, Any]

PAGE_MAX = 1_000
REACHABLE_MAX = 100_000
TRANSFORMS = {
    ("invoice", "customerPayment"): payment_overrides, ("invoice", "creditMemo"): credit_overrides,
    ("salesOrder", "invoice"): invoice_overrides, ("customerDeposit", "depositApplication"): application_overrides,
}  # fmt: skip
_JSON_TYPES = ("application/json", "application/vnd.oracle.resource+json", "application/schema+json")


def query_of(call: Call) -> dict[str, str]:
    """Query parameters; of a repeated one the first."""
    return {name: values[0] for name, values in parse_qs(call.query, keep_blank_values=True).items()}


def paging(query: dict[str, str]) -> tuple[int, int]:
    """limit and offset: at most 1000 a page, the offset a multiple of it, 100,000 reachable."""
    numbers = []
    for name, default in (("limit", PAGE_MAX), ("offset", 0)):
        text = query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Refused(
                invalid_parameter(name, f"Invalid value for the query parameter '{name}': a whole number is needed.")
            )
        numbers.append(int(text))
    limit, offset = numbers
    if not 1 <= limit <= PAGE_MAX:
        raise Refused(invalid_parameter("limit", f"Invalid value for the query parameter 'limit': 1 to {PAGE_MAX}."))
    if offset % limit or offset + limit > REACHABLE_MAX + PAGE_MAX:
        raise Refused(invalid_parameter(
            "offset", "Invalid value for the query parameter 'offset': it must be divisible by limit and within reach."
        ))  # fmt: skip
    return limit, offset


class RecordApi:
    """Endpoints of `record/v1`."""

    def __init__(self, state: State, records: Records, access: Access) -> None:
        self.state, self.records, self.access = state, records, access
        self.renderer = Renderer(state)

    def register(self, routes: Routes) -> None:
        """Put the endpoints in the route table."""
        for method, path, operation, endpoint in (
            ("GET", "{type}", "record.list", self.collection),
            ("POST", "{type}", "record.create", self.create),
            ("PATCH", "{type}", "record.batch", self.batch),
            ("PUT", "{type}", "record.batch", self.batch),
            ("DELETE", "{type}", "record.batch", self.batch),
            ("GET", "{type}/{id}", "record.get", self.get),
            ("PATCH", "{type}/{id}", "record.update", self.update),
            ("PUT", "{type}/{id}", "record.upsert", self.upsert),
            ("DELETE", "{type}/{id}", "record.delete", self.delete),
            ("GET", "{type}/{id}/{sublist}", "record.sublist", self.sublist),
            ("GET", "{type}/{id}/{sublist}/{line}", "record.sublist", self.line),
            ("POST", "{type}/{id}/!transform/{target}", "record.transform", self.transform),
        ):
            routes.add(method, f"{RECORDS}/{path}", operation, partial(_answered, endpoint))

    # -- reading ------------------------------------------------------------------------------

    def get(self, call: Call, type: str, id: str) -> Answer:
        """One record by internal id or `eid:`."""
        record = record_type(type)
        doc = self.records.need(record, id, self.access.role(call))
        return Answer(200, self.renderer.singular(record, doc, self._view(call, record)), SINGULAR)

    def _view(self, call: Call, record: RecordType) -> View:
        day = today(call.at, self.state.preferences["timezone"]) if record.kind == "customer" else ""
        if not call.query:
            return View(call.base_url, day=day)
        query = query_of(call)
        only = None
        if query.get("fields"):
            only = frozenset(name.strip().lower() for name in query["fields"].split(","))
            known = self.state.fields_of(record)
            for name in sorted(only - {"id", "links"}):
                if name not in known:
                    raise Refused(invalid_parameter("fields", f"The field '{name}' does not exist in {record.name}."))
        flag = {"true": True, "false": False}
        return View(
            call.base_url, flag.get(query.get("expandSubResources", "false").lower(), False), only,
            flag.get(query.get("simpleEnumFormat", "false").lower(), False), day,
        )  # fmt: skip

    def sublist(self, call: Call, type: str, id: str, sublist: str) -> Answer:
        """One sublist of a record."""
        record = record_type(type)
        doc = self.records.need(record, id, self.access.role(call))
        one = self._sublist_field(record, sublist)
        here = f"{call.base_url}{RECORDS}/{record.name}/{doc['id']}/{one.name}"
        return _json(self.renderer.sublist(one, doc.get(one.name) or [], here, View(call.base_url)), COLLECTION)

    def line(self, call: Call, type: str, id: str, sublist: str, line: str) -> Answer:
        """One line of a sublist."""
        record = record_type(type)
        doc = self.records.need(record, id, self.access.role(call))
        one = self._sublist_field(record, sublist)
        found = next((each for each in doc.get(one.name) or [] if str(each["line"]) == line), None)
        if found is None:
            raise Refused(not_found())
        here = f"{call.base_url}{RECORDS}/{record.name}/{doc['id']}/{one.name}/{line}"
        return _json(self.renderer.line(one, found, here, View(call.base_url)), SINGULAR)

    def _sublist_field(self, record: RecordType, name: str) -> Field:
        one = self.state.fields_of(record).get(name.lower())
        if one is None or one.type != "sublist":
            raise Refused(Problem(404, "NONEXISTENT_ID", NO_RECORD))
        return one

    def collection(self, call: Call, type: str) -> Answer:
        """Ids of records, filtered by `q`, paged."""
        record = record_type(type)
        if not self.access.role(call).may(record, VIEW):
            raise Refused(not_permitted(record.name))
        query = query_of(call)
        if query.get("ids"):
            return self._several(call, record, query["ids"].split(","))
        limit, offset = paging(query)
        where = parse(query["q"], self.state.fields_of(record)) if query.get("q") else Condition("1")
        if record.kind in ("transaction", "item"):
            where = Condition(f"json_extract(doc, '$.recordType') = ? AND {where.sql}", (record.name, *where.params))
        db = self.state.store.db
        total = db.execute(f'SELECT count(*) FROM "{record.kind}" WHERE {where.sql}', where.params).fetchone()[0]
        keys = db.execute(
            f'SELECT key FROM "{record.kind}" WHERE {where.sql} ORDER BY CAST(key AS INTEGER) LIMIT ? OFFSET ?',
            (*where.params, limit, offset),
        ).fetchall()
        here = f"{call.base_url}{RECORDS}/{record.name}"
        extra = [("q", query["q"])] if query.get("q") else []
        return _json({
            "links": page_links(here, limit, offset, total, extra), "count": len(keys),
            "hasMore": offset + len(keys) < total,
            "items": [{"links": [link("self", f"{here}/{key}")], "id": key} for (key,) in keys],
            "offset": offset, "totalResults": total,
        }, COLLECTION)  # fmt: skip

    def _several(self, call: Call, record: RecordType, ids: list[str]) -> Answer:
        """`ids=1,eid:X`: those records, with `expandRecords=true` whole; without one of them, not found."""
        if len(ids) > batches.MOST:
            raise Refused(invalid_parameter("ids", f"At most {batches.MOST} records can be read at once."))
        role = self.access.role(call)
        docs = [self.records.need(record, key.strip(), role) for key in ids]
        here, view = f"{call.base_url}{RECORDS}/{record.name}", self._view(call, record)
        whole = query_of(call).get("expandRecords", "").lower() == "true"
        items = [
            orjson.Fragment(self.renderer.singular(record, doc, view)) if whole
            else {"links": [link("self", f"{here}/{doc['id']}")], "id": doc["id"]}
            for doc in docs
        ]  # fmt: skip
        return _json({
            "links": [link("self", f"{here}?{call.query}")], "count": len(items), "hasMore": False, "items": items,
            "offset": 0, "totalResults": len(items),
        }, COLLECTION)  # fmt: skip

    # -- writing ------------------------------------------------------------------------------

    def create(self, call: Call, type: str) -> Answer:
        """POST: a new record; 204 with its place in Location and nothing else."""
        record = record_type(type)
        if batches.collection(call):
            return self.batch(call, type)
        reader = self._reader(call, record)
        key = self.records.create(record, reader.read(load_object(call.body)), self.access.role(call), call.at)
        return self._written(call, record, key, reader)

    def batch(self, call: Call, type: str) -> Answer:
        """A collection is written by an asynchronous job alone (`asyncjobs.AsyncJobs.accept` takes those)."""
        record_type(type)
        if not batches.collection(call):
            raise Refused(Problem(405, "METHOD_NOT_ALLOWED", f"{call.method} is not allowed here."))
        raise Refused(Problem(400, "INVALID_HEADER", "A collection needs Prefer: respond-async.", header="Prefer"))

    def update(self, call: Call, type: str, id: str) -> Answer:
        """PATCH: change what the body names."""
        record = record_type(type)
        role = self.access.role(call)
        before = self.records.need(record, id, role)
        return self._change(call, record, before, role)

    def upsert(self, call: Call, type: str, id: str) -> Answer:
        """PUT by external id: create, or change as PATCH does (lines without number are added again)."""
        record = record_type(type)
        if not id.startswith("eid:"):
            raise Refused(Problem(
                400, "INVALID_REQUEST", "PUT needs an external ID: use the form eid:<external ID>.",
            ))  # fmt: skip
        role = self.access.role(call)
        before = self.records.find(record, id)
        if before is not None:
            return self._change(call, record, before, role)
        reader = self._reader(call, record)
        values = reader.read({**load_object(call.body), "externalId": id[4:]})
        key = self.records.create(record, values, role, call.at)
        return self._written(call, record, key, reader)

    def _change(self, call: Call, record: RecordType, before: Doc, role: Role) -> Answer:
        reader, query = self._reader(call, record), query_of(call)
        body = load_object(call.body)
        values = reader.read(body)
        if query.get("replaceSelectedFields", "").lower() == "true":
            values |= {one.name: None for name, one in reader.fields.items() if name in _cleared(body)}
        replace = frozenset(name.strip().lower() for name in query.get("replace", "").split(",") if name.strip())
        for name in sorted(replace):
            if name not in reader.fields or reader.fields[name].type != "sublist":
                raise Refused(invalid_parameter("replace", f"The sublist '{name}' does not exist in {record.name}."))
        self.records.update(record, before, values, role, call.at, replace)
        return self._written(call, record, before["id"], reader)

    def delete(self, call: Call, type: str, id: str) -> Answer:
        """DELETE: only what nothing depends on."""
        record = record_type(type)
        role = self.access.role(call)
        self.records.delete(record, self.records.need(record, id, role), role, call.at)
        return Answer(204)

    def transform(self, call: Call, type: str, id: str, target: str) -> Answer:
        """A new record made of another; the body overrides."""
        record, wanted = record_type(type), record_type(target)
        start = TRANSFORMS.get((record.name, wanted.name))
        if start is None:
            raise Refused(Problem(400, "INVALID_REQUEST", f"A {record.name} cannot be transformed to {wanted.name}."))
        role = self.access.role(call)
        source = self.records.need(record, id, role)
        reader = self._reader(call, wanted)
        values = start(source) | reader.read(load_object(call.body))
        key = self.records.create(wanted, values, role, call.at)
        return self._written(call, wanted, key, reader)

    def _reader(self, call: Call, record: RecordType) -> Reader:
        kind = call.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind not in _JSON_TYPES and call.body:
            raise Refused(
                Problem(415, "UNSUPPORTED_MEDIA_TYPE", f"Unsupported media type {kind}.", header="Content-Type")
            )
        return Reader(
            self.state.fields_of(record), self.state.resolve,
            _leniency(call, "x-netsuite-propertynamevalidation", "warning"),
            _leniency(call, "x-netsuite-propertyvaluevalidation", "error"),
        )  # fmt: skip

    def _written(self, call: Call, record: RecordType, key: str, reader: Reader) -> Answer:
        headers = {"Location": f"{call.base_url}{RECORDS}/{record.name}/{key}"}
        if reader.warnings:
            headers["Warning"] = ", ".join(f'199 - "{text}"' for text in reader.warnings[:20])
        return Answer(204, headers=headers)


def _acceptable(call: Call) -> bool:
    """Whether the caller takes JSON: what a record is shown as."""
    ranges = [part.partition(";")[0].strip().lower() for part in call.headers.get("accept", "*/*").split(",")]
    return any(one in ("", "*/*", "application/*") or one.endswith("json") for one in ranges)


async def _answered(endpoint: Any, call: Call, **arguments: str) -> Answer:
    if call.method == "GET" and not _acceptable(call):
        said = f"Unsupported media type {call.headers['accept'][:50]}."
        return error_answer(Problem(406, "NOT_ACCEPTABLE", said, header="Accept"))
    try:
        answer: Answer = endpoint(call, **arguments)
    except Refused as refused:
        return error_answer(refused.problem)
    return answer


def record_type(name: str) -> RecordType:
    """A record type by its name in any case; Refused when there is none."""
    record = RECORD_TYPES.get(name.lower())
    if record is None:
        raise Refused(unknown_record_type(name[:100]))
    return record


def _leniency(call: Call, header: str, default: str) -> str:
    value = call.headers.get(header, default).lower()
    if value not in LENIENCY:
        raise Refused(Problem(400, "INVALID_HEADER", f"Invalid value '{value[:50]}' of the header.", header=header))
    return value


def _cleared(body: Doc) -> set[str]:
    return {name.lower() for name, value in body.items() if value is None}


def _json(value: Any, content_type: str) -> Answer:
    return Answer(200, orjson.dumps(value), content_type)
