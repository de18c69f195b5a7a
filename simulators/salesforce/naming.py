"""Names of operations, as faults and journals speak of them: the route's name and the object it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from simulators.kit.calls import Call
from simulators.salesforce.errors import ApiError
from simulators.salesforce.events import cometd
from simulators.salesforce.web import parse_json

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

_METHOD_OVERRIDE = "_httpmethod"


def normalise(call: Call) -> None:
    """Undo what clients do to a request line: a host name as first path segment, a method in the query."""
    head, _, rest = call.raw_path.lstrip("/").partition("/")
    if head.lower().endswith(".salesforce.com"):
        call.raw_path = f"/{rest}"
    if call.method == "POST" and _METHOD_OVERRIDE in call.query.lower():
        for name, value in parse_qsl(call.query):
            if name.lower() == _METHOD_OVERRIDE:
                call.method = value.upper()


def operation(system: Salesforce, call: Call, name: str) -> str:
    """The route's name, with `:Object` behind it for record, collection and tree operations."""
    match = system.match(call)
    if name == "cometd":
        return cometd.operation(call)
    if match.route is None or not name.startswith(("record.", "collections.", "tree")):
        return name
    sobject = match.arguments.get("sobject") or _of_body(system, call, name)
    spec = system.org.schema.get(sobject) if sobject else None
    return f"{name}:{spec.name}" if spec else name


def _of_body(system: Salesforce, call: Call, name: str) -> str:
    """The object of a collection's first member."""
    if name == "collections.delete":
        ids = dict(parse_qsl(call.query)).get("ids", "")
        spec = system.org.schema.of_id(unquote(ids))
        return spec.name if spec else ""
    try:
        body: Any = parse_json(call)
        return str(body["records"][0]["attributes"]["type"])
    except (ApiError, KeyError, IndexError, TypeError):
        return ""
