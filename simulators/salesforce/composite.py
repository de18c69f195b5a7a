"""Composite and batch requests: several REST calls in one, tied together by references."""

import re
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote

import orjson

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, exact
from simulators.salesforce import naming
from simulators.salesforce.errors import failed
from simulators.salesforce.web import Context, reply

exact(
    "collections, composite, batch, tree: caps, rollback, codes on innocent members",
    source="documented, reported",
    held_by="test_collections, test_composite",
)
absent("composite graph")

MOST, MOST_QUERIES = 25, 5
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
    requests = _members(body, "compositeRequest")
    _check_references(requests)
    all_or_none = body.get("allOrNone") is True
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
    return reply(200, {"compositeResponse": results})


def _members(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise failed("INVALID_INPUT", f"{name} must be a list of requests")
    if len(found) > MOST:
        raise failed("INVALID_INPUT", f"{name} cannot have more than {MOST} requests, and this has {len(found)}")
    for one in found:
        if not isinstance(one.get("method"), str) or not isinstance(one.get("url"), str):
            raise failed("INVALID_INPUT", "Each request needs a method and a url")
    return found


def _check_references(requests: list[dict[str, Any]]) -> None:
    names = [request.get("referenceId") for request in requests]
    if not all(isinstance(name, str) and name for name in names):
        raise failed("INVALID_INPUT", "Each request needs a referenceId")
    if len(set(names)) < len(names):
        raise failed("INVALID_INPUT", "Each referenceId may occur once only")
    costly = sum(request["url"].lower().partition("?")[0].rstrip("/").endswith(_COSTLY) for request in requests)
    if costly > MOST_QUERIES:
        raise failed("INVALID_INPUT", f"No more than {MOST_QUERIES} members may be queries or collections")


def _member(ctx: Context, request: dict[str, Any], earlier: list[dict[str, Any]]) -> dict[str, Any]:
    known = {result["referenceId"]: result for result in earlier}
    try:
        url = _REFERENCE.sub(lambda match: quote(_text(_value(match.group(1), known)), safe=""), request["url"])
        body = _filled(request.get("body"), known)
    except _NoValue as missing:
        return _halted(request, str(missing))
    answer = _call(ctx, request["method"].upper(), url, body, request.get("httpHeaders") or {})
    return {
        "body": orjson.loads(answer.body) if answer.body else None,
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
                found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
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
    for request in _members(body, "batchRequests"):
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
        results.append({"statusCode": answer.status, "result": orjson.loads(answer.body) if answer.body else None})
    return reply(200, {"hasErrors": failed_once, "results": results})
