"""Bodies: bounded in size, and JSON in the strict sense (no NaN, no infinite numbers, no lone surrogates)."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from synccore.experience.problem import Problem, answer

BODY_MAX = 1 << 20  # bytes

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def strict_json(body: bytes) -> Any:
    """The value of a JSON body; raises json.JSONDecodeError for anything that JSON or UTF-8 cannot say."""
    try:
        text = body.decode()
        value = _decode(text)
        if "\\u" in text:  # only an escape can bring a lone surrogate
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise json.JSONDecodeError(str(error).splitlines()[0][:80] or "unusable", "", 0) from None
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is out of range")
    return number


_decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).decode


class StrictRequest(Request):
    """A request whose JSON is strict."""

    async def json(self) -> Any:
        """The body's value."""
        return strict_json(await self.body())


class StrictRoute(APIRoute):
    """A route that reads strict JSON and refuses query parameters that it does not know: a typing error is seen."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """The handler, over a strict request."""
        handler = super().get_route_handler()
        known = {parameter.alias for parameter in self.dependant.query_params}

        async def strict(request: Request) -> Response:
            unknown = sorted(set(request.query_params) - known) if request.scope["query_string"] else []
            if unknown:
                raise Problem(422, f"query/{unknown[0]}: not a parameter of this operation")
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


class BodyLimit:
    """ASGI middleware: a body over BODY_MAX is refused before anything is done with it."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole body first, then pass it on in one piece."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= BODY_MAX:
                chunks.append(chunk)
            more = message.get("more_body", False)
        if size > BODY_MAX:
            await answer(413, f"a body may have {BODY_MAX} bytes, not {size}")(scope, receive, send)
            return
        whole = iter(({"type": "http.request", "body": b"".join(chunks), "more_body": False},))

        async def replayed() -> Message:
            return next(whole, None) or await receive()

        await self._app(scope, replayed, send)
