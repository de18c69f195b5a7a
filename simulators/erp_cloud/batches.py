"""Collections: many records of one type written by one asynchronous call, a task each."""

from typing import Any
from urllib.parse import parse_qs, quote

import orjson

from simulators.erp_cloud.body import load_object
from simulators.erp_cloud.errors import Problem, Refused, invalid_content
from simulators.kit.calls import Call
from simulators.kit.fidelity import approximate

approximate(
    "batches (`Content-Type: application/vnd.oracle.resource+json; type=collection`)",
    "POST, PATCH, PUT by external id and DELETE (`ids` in the query, or items) of at most 100 records, with "
    "`Prefer: respond-async` alone; a task each, done in their order whatever `batch-processing` says; a job failed "
    "when all its tasks did; texts are ours",
    source="documented, ours",
)

Doc = dict[str, Any]

MOST = 100


def collection(call: Call) -> bool:
    """Whether the body is a collection of records."""
    kind, _, rest = call.headers.get("content-type", "").partition(";")
    return kind.strip().lower() == "application/vnd.oracle.resource+json" and "type=collection" in rest.replace(" ", "")


def writes(call: Call) -> list[Doc]:
    """The single writes that a collection stands for, as method, path and body; Refused when it is misshapen."""
    if call.method == "DELETE" and (ids := parse_qs(call.query).get("ids")):
        items: Any = [{"id": key.strip()} for key in ids[0].split(",")]
    else:
        items = load_object(call.body).get("items")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Refused(invalid_content("Invalid value for the field 'items': a list of records is needed.", "items"))
    if len(items) > MOST:
        raise Refused(Problem(400, "INVALID_REQUEST", f"A collection has at most {MOST} records."))
    return [_write(call, item, f"items[{index}]") for index, item in enumerate(items)]


def _write(call: Call, item: Doc, place: str) -> Doc:
    path, body = call.raw_path.rstrip("/"), dict(item)
    if call.method != "POST":
        external = body.pop("externalId", None) if call.method == "PUT" else body.get("externalId")
        key = None if call.method == "PUT" else body.pop("id", None)
        if key is None and external is not None:
            key = f"eid:{external}"
        if not isinstance(key, str | int) or not str(key):
            missing = "externalId" if call.method == "PUT" else "id"
            raise Refused(invalid_content(f"Please enter value(s) for: {missing}.", f"{place}.{missing}"))
        path = f"{path}/{quote(str(key), safe=':')}"
    return {"method": call.method, "path": path, "body": orjson.dumps(body).decode() if call.method != "DELETE" else ""}
