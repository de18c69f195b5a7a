"""Bulk 1.0 on the wire (pure): jobs, batches and results in XML, JSON or CSV, and rows read in each of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import orjson

from simulators.kit.calls import Answer
from simulators.salesforce import bulk_csv
from simulators.salesforce.errors import Problem

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
# Bare, unlike the rest of the API: clients compare them as a whole (salesforce-bulk 2.2, `parse_response`).
XML_TYPE, CSV_TYPE, JSON_TYPE = "application/xml", "text/csv", "application/json"
Row = dict[str, Any]


class Unreadable(ValueError):
    """A body that is not what its content type says."""


def document(name: str, value: Mapping[str, Any] | Sequence[Any], as_json: bool, status: int = 200) -> Answer:
    """A job, a batch, a list or an error; members that are None are left out."""
    if as_json:
        return Answer(status, orjson.dumps(_dense(value)), JSON_TYPE)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{NAMESPACE}">{_elements(value)}</{name}>'
    return Answer(status, body.encode(), XML_TYPE)


def _dense(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _dense(item) for name, item in value.items() if item is not None}
    return value


def _elements(value: Mapping[str, Any] | Sequence[Any]) -> str:
    if not isinstance(value, Mapping):
        return "".join(_elements(item) for item in value)
    return "".join(_element(name, item) for name, item in value.items() if item is not None)


def _element(name: str, item: Any) -> str:
    if isinstance(item, list):
        return "".join(_element(name, one) for one in item)
    text = _elements(item) if isinstance(item, Mapping) else escape(text_of(item))
    return f"<{name}>{text}</{name}>"


def text_of(value: Any) -> str:
    """A value as XML text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and len(value) == 28 and value.endswith(".000+0000"):
        return f"{value[:-5]}Z"
    return "".join(char for char in str(value) if char >= " " or char in "\t\n\r")  # what XML can hold


def read_request(body: bytes, as_json: bool) -> Row:
    """The members of a job request."""
    if as_json:
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Unreadable(f"Unable to parse Job: {error}") from error
        if not isinstance(found, dict):
            raise Unreadable("Unable to parse Job")
        return found
    return {_local(child.tag): (child.text or "").strip() for child in _parsed(body)}


def _parsed(body: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Unreadable("Unable to parse XML: document type declarations are not allowed")
    try:
        return ElementTree.fromstring(body.strip())
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"Unable to parse XML: {error}") from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def read_rows(body: bytes, kind: str) -> list[Row] | tuple[list[str], Iterator[list[str]]]:
    """The rows of a batch: by name for JSON and XML, header and cells for CSV."""
    if kind == "CSV":
        text = bulk_csv.decoded(body)
        header = bulk_csv.checked(text, "COMMA")
        table = bulk_csv.rows(text, "COMMA")
        next(table)
        return header, table
    if kind == "JSON":
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Unreadable(f"InvalidBatch : {error}") from error
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise Unreadable("InvalidBatch : A batch is a list of records")
        return found
    return [_record(child) for child in _parsed(body)]


def _record(element: ElementTree.Element, named: bool = False) -> Row:
    """A record's values; `named`: it is the parent that another names by an external id, and has none within it."""
    row: Row = {}
    for child in element:
        inner = next((one for one in child if _local(one.tag) == "sObject"), None)
        if child.get(_NIL) == "true":
            row[_local(child.tag)] = None
        elif inner is not None:
            if named:
                raise Unreadable("InvalidBatch : Records are nested too deeply")
            row[_local(child.tag)] = _record(inner, named=True)
        elif child.text:
            row[_local(child.tag)] = child.text
    row.pop("type", None)
    return row


def results(outcomes: Sequence[Sequence[Any]], kind: str) -> Answer:
    """What became of each row: id, whether it is new, its problems, in the form of the job."""
    problems = [[Problem(code, text, tuple(fields)) for code, text, fields in wrong] for _, _, wrong in outcomes]
    if kind == "CSV":
        table = [["Id", "Success", "Created", "Error"]]
        for (record_id, created, _), wrong in zip(outcomes, problems, strict=True):
            told = ";".join(f"{one.code}:{one.message}:{' '.join(one.fields or ())} --" for one in wrong)
            table.append([record_id or "", text_of(not wrong), text_of(bool(created)), told])
        return Answer(200, b"".join(bulk_csv.blocks(table, "COMMA", "LF")), CSV_TYPE)
    shown = [
        {
            "success": not wrong, "created": bool(created), "id": record_id,
            "errors": [{"fields": list(one.fields or ()), "message": one.message, "statusCode": one.code,
                        "extendedErrorDetails": None} for one in wrong],
        }
        for (record_id, created, _), wrong in zip(outcomes, problems, strict=True)
    ]  # fmt: skip
    if kind == "JSON":
        return Answer(200, orjson.dumps(shown), JSON_TYPE)
    return document("results", [{"result": one} for one in shown], False)
