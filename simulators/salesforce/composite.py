"""Composite and batch requests: several REST calls in one, tied together by references."""

import re
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote

import orjson

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import approximate, exact
from simulators.salesforce import naming
from simulators.salesforce.errors import failed, not_found
from simulators.salesforce.web import Context, reply, whole_number

exact(
    "collections, composite, batch, tree: caps, rollback, codes on innocent members",
    source="documented, reported",
    held_by="test_collections, test_composite",
)
exact(
    "composite graph: caps of 75 graphs and 500 nodes, each graph all or nothing, `isSuccessful`, codes on innocent "
    "members",
    source="documented",
    held_by="test_graph",
)
approximate("nodes of a graph", "are done in the order of the request; depth is not capped")

MOST, MOST_QUERIES = 25, 5
MOST_PLACES = 1 << 40  # an index that no list of an answer has
MOST_GRAPHS, MOST_NODES, GRAPHS_FROM = 75, 500, 50
_GRAPH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,39}")
_NODE = re.compile(r"/sobjects/[^/]+(/[^/]+){0,4}$")
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."
_COSTLY = ("/query", "/queryall", "/composite/sobjects")


class _NoValue(Exception):
    """A reference that leads nowhere."""


class _Undo(Exception):
    """Rolls the whole request back."""


async def composite(ctx: Context) -> Answer:
    """POST /composite: always 200, each member with its own status."""
    body = ctx.json_object()
    requests = _members(body, "compositeRequest", MOST)
    _check_references(requests)
    costly = sum(_path(request).endswith(_COSTLY) for request in requests)
    if costly > MOST_QUERIES:
        raise failed("INVALID_INPUT", f"No more than {MOST_QUERIES} members may be queries or collections")
    results, _ = _together(ctx, requests, body.get("allOrNone") is True)
    return reply(200, {"compositeResponse": results})


async def graph(ctx: Context) -> Answer:
    """POST /composite/graph: several graphs of record operations, each all or nothing by itself (from v50)."""
    if ctx.version < GRAPHS_FROM:
        raise not_found()
    graphs = ctx.json_object().get("graphs")
    if not isinstance(graphs, list) or not graphs or not all(isinstance(one, dict) for one in graphs):
        raise failed("INVALID_INPUT", "graphs must be a list of graphs")
    if len(graphs) > MOST_GRAPHS:
        raise failed("INVALID_INPUT", f"There can be at most {MOST_GRAPHS} graphs, and this has {len(graphs)}")
    names = [one.get("graphId") for one in graphs]
    if not all(isinstance(name, str) and _GRAPH_ID.fullmatch(name) for name in names) or len(set(names)) < len(names):
        raise failed("INVALID_INPUT", "Each graph needs a graphId of its own, of up to 40 letters and digits")
    members = [_members(one, "compositeRequest", MOST_NODES) for one in graphs]
    if sum(map(len, members)) > MOST_NODES:
        raise failed("INVALID_INPUT", f"All graphs together can have at most {MOST_NODES} nodes")
    for requests in members:
        _check_references(requests)
        for request in requests:
            if not _NODE.search(_path(request)):
                raise failed("INVALID_INPUT", f"The url {request['url']} is no resource that a graph may hold")
    shown = []
    for name, requests in zip(names, members, strict=True):
        results, whole = _together(ctx, requests, True)
        shown.append({"graphId": name, "graphResponse": {"compositeResponse": results}, "isSuccessful": whole})
    return reply(200, {"graphs": shown})


def _path(request: dict[str, Any]) -> str:
    path: str = request["url"].lower().partition("?")[0]
    return path.rstrip("/")


def _together(ctx: Context, requests: list[dict[str, Any]], all_or_none: bool) -> tuple[list[dict[str, Any]], bool]:
    """The members' results in order, and whether all went well; with `all_or_none` one failure undoes them all."""
    results: list[dict[str, Any]] = []
    try:
        with ctx.org.store.transaction():
            for request in requests:
                results.append(_member(ctx, request, results))
                if all_or_none and results[-1]["httpStatusCode"] >= 400:
                    raise _Undo
    except _Undo:
        culprit = results[-1]
        results = [
            culprit if request["referenceId"] == culprit["referenceId"] else _halted(request, _HALTED)
            for request in requests
        ]
        return results, False
    return results, all(result["httpStatusCode"] < 400 for result in results)


def _members(body: dict[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    found = body.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise failed("INVALID_INPUT", f"{name} must be a list of requests")
    if len(found) > most:
        raise failed("INVALID_INPUT", f"{name} cannot have more than {most} requests, and this has {len(found)}")
    for one in found:
        if not isinstance(one.get("method"), str) or not isinstance(one.get("url"), str):
            raise failed("INVALID_INPUT", "Each request needs a method and a url")
        if not isinstance(one.get("httpHeaders") or {}, dict):
            raise failed("INVALID_INPUT", "httpHeaders must be an object")
    return found


def _check_references(requests: list[dict[str, Any]]) -> None:
    names = [request.get("referenceId") for request in requests]
    if not all(isinstance(name, str) and name for name in names):
        raise failed("INVALID_INPUT", "Each request needs a referenceId")
    if len(set(names)) < len(names):
        raise failed("INVALID_INPUT", "Each referenceId may occur once only")


def _member(ctx: Context, request: dict[str, Any], earlier: list[dict[str, Any]]) -> dict[str, Any]:
    known = {result["referenceId"]: result for result in earlier}
    try:
        url = _REFERENCE.sub(lambda match: quote(_text(_value(match.group(1), known)), safe=""), request["url"])
        body = _filled(request.get("body"), known)
    except _NoValue as missing:
        return _halted(request, str(missing))
    answer = _call(ctx, request["method"].upper(), url, body, request.get("httpHeaders") or {})
    return {
        "body": _body(answer),
        "httpHeaders": {name: value for name, value in answer.headers.items() if name == "Location"},
        "httpStatusCode": answer.status,
        "referenceId": request["referenceId"],
    }


def _halted(request: dict[str, Any], message: str) -> dict[str, Any]:
    body = [{"errorCode": "PROCESSING_HALTED", "message": message}]
    return {"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": request["referenceId"]}


def _call(ctx: Context, method: str, url: str, body: Any, headers: dict[str, Any]) -> Answer:
    path, _, query = url.partition("?")
    sent = {name.lower(): str(value) for name, value in headers.items()}
    data = b"" if body is None else orjson.dumps(body)
    call = Call(
        method, path, query, {"content-type": "application/json", **sent}, data, ctx.call.at,
        principal=ctx.call.principal, scope={}, base_url=ctx.call.base_url,
    )  # fmt: skip
    if not path.lower().startswith("/services/data/"):
        raise failed("INVALID_INPUT", f"The url {path} is not one of /services/data")
    naming.normalise(call)
    call.scope["windtunnel.match"] = ctx.system.routes.match(call)
    return _now(ctx.system.perform(call))


def _body(answer: Answer) -> Any:
    """A member's body: what is no JSON (a bulk job's CSV) stands there as text."""
    body = answer.whole().body
    if not body:
        return None
    kind = answer.content_type or ""
    return orjson.loads(body) if kind.startswith("application/json") else body.decode("utf-8", "replace")


def _now(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run an endpoint that does not wait for anything: inside a transaction nothing may."""
    try:
        work.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    raise RuntimeError("an endpoint waited inside a composite request")


def _filled(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, known) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _value(whole.group(1), known)
    return _REFERENCE.sub(lambda match: _text(_value(match.group(1), known)), value)


def _value(path: str, known: dict[str, Any]) -> Any:
    """The value of `ref.records[0].Id` in the answers so far."""
    reference, _, rest = path.partition(".")
    name = reference.partition("[")[0]
    found: Any = None
    if name in known and known[name]["httpStatusCode"] < 400:
        found = known[name]["body"]
        for member, index in _STEP.findall(path[len(name) :]):
            if index:
                place = whole_number(index, MOST_PLACES)
                found = found[place] if isinstance(found, list) and place < len(found) else None
            else:
                found = found.get(member) if isinstance(found, dict) else None
    if found is None:
        message = f"Invalid reference specified. No value for {path} found in {name}. Provided value: {rest or path}"
        raise _NoValue(message)
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def batch(ctx: Context) -> Answer:
    """POST /composite/batch: independent members, perhaps halted at the first failure."""
    body = ctx.json_object()
    halt = body.get("haltOnError") is True
    results: list[dict[str, Any]] = []
    failed_once = False
    for request in _members(body, "batchRequests", MOST):
        if failed_once and halt:
            message = "The batch was halted because an earlier subrequest failed"
            results.append(
                {"statusCode": 412, "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": message}]}
            )
            continue
        url = request["url"]
        url = url if url.lower().startswith("/services/data/") else f"/services/data/{url.lstrip('/')}"
        answer = _call(ctx, request["method"].upper(), url, request.get("richInput"), {})
        failed_once = failed_once or answer.status >= 400
        results.append({"statusCode": answer.status, "result": _body(answer)})
    return reply(200, {"hasErrors": failed_once, "results": results})
