"""One way to call a system: limits, sign-in, error classes and the three outcomes of a write, the same for all."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import orjson

from synccore.ports.clock import Clock
from synccore.ports.holding import SENDING
from synccore.ports.outcomes import Later, Limited
from synccore.ports.systems import Rejected, Unknown
from synccore.ports.transport import NoAnswer, NotSent, Request, Response, Transport
from synccore.systems.breaker import Target

OnCall = Callable[[str, str, str], None]
LIMIT_S = 5.0
UNREADABLE = "UNREADABLE"  # the code of a refusal whose body is none of the vendor's
AGAIN_S = 2.0


@dataclass(frozen=True)
class Refusal:
    """What a vendor's error body says. `limit_s`: it is a limit, come back after that many seconds."""

    code: str
    message: str
    duplicate: bool = False
    limit_s: float | None = None
    again_s: float | None = None  # a passing conflict (a locked row, a request in flight)


class Dialect(Protocol):
    """How one vendor signs requests in and words its errors."""

    async def sign(self, request: Request, stale: str | None) -> tuple[Request, str]:
        """The request with its authorization, and the token used; never the `stale` one.

        Raises NotSent, NoAnswer, or ValueError when the sign-in answered something unusable.
        """
        ...

    def refusal(self, status: int, body: Any) -> Refusal:
        """What a 4xx answer says; `body` is its JSON, None if it has none."""
        ...


class FixedHeader:
    """The signing of a vendor whose secret never changes: one `authorization` on each request."""

    def __init__(self, authorization: str) -> None:
        self._authorization = authorization

    async def sign(self, request: Request, stale: str | None) -> tuple[Request, str]:
        """What was refused is sent again in case the refusal was passing."""
        del stale
        return with_header(request, "authorization", self._authorization), ""


class Client:
    """Calls of one system. `read` and `write` differ in what an answer that never came means."""

    def __init__(
        self, name: str, transport: Transport, clock: Clock, concurrency: int, timeout_s: float, dialect: Dialect,
        on_call: OnCall | None = None,
    ) -> None:  # fmt: skip
        self._transport, self._dialect, self._on_call = transport, dialect, on_call
        self._target = Target(name, clock, asyncio.Semaphore(concurrency))
        self._name, self._timeout_s, self._clock = name, timeout_s, clock

    async def read(self, operation: str, request: Request, missing_ok: bool = False) -> Any:
        """JSON of a 2xx answer; None for a 404 if `missing_ok`. Raises Later or Rejected."""
        try:
            response = await self._exchange(operation, request)
            if response.status == 404 and missing_ok:
                return None
            self._judge(operation, response)
            return parse(response.body)
        except Unknown as error:
            raise self._target.outage(str(error)) from None
        except ValueError:
            raise self._outage(f"{operation}: unreadable answer") from None

    async def fetch(self, operation: str, request: Request) -> Response:
        """A 2xx answer, whatever its body is. Raises Rejected, Unknown or Later as ports.systems says."""
        response = await self._exchange(operation, request)
        self._judge(operation, response)
        return response

    async def write(self, operation: str, request: Request) -> Response:
        """A 2xx answer, empty or JSON. Raises as `fetch` does."""
        response = await self.fetch(operation, request)
        self._content(operation, response)
        return response

    async def write_json(self, operation: str, request: Request, member: str) -> Any:
        """As `write`, for operations that answer with JSON: a 2xx whose body lacks `member` is an unknown outcome."""
        response = await self.fetch(operation, request)
        body = self._content(operation, response)
        if not isinstance(body, dict) or member not in body:
            raise Unknown(self._name, operation, f"{response.status} without '{member}'")
        return body

    def _content(self, operation: str, response: Response) -> Any:
        try:
            return parse(response.body or b"{}")
        except ValueError:  # a proxy's page: nobody knows whether the vendor has seen the request
            raise Unknown(self._name, operation, f"{response.status} with an unreadable body") from None

    async def _exchange(self, operation: str, request: Request) -> Response:
        if (write := SENDING.get()) is not None:
            request = with_header(request, "traceparent", write.traceparent)
        async with self._target.slots:
            self._target.check()
            signed, token = await self._sign(request, None)
            response = await self._send(operation, signed)
            if response.status == 401:  # refused before it did anything: sign in anew and send it once more
                signed, _ = await self._sign(request, token)
                response = await self._send(operation, signed)
        return response

    async def _sign(self, request: Request, stale: str | None) -> tuple[Request, str]:
        try:
            return await self._dialect.sign(request, stale)
        except (NotSent, NoAnswer, ValueError) as error:
            raise self._outage(f"sign-in: {error}") from None

    async def _send(self, operation: str, request: Request) -> Response:
        write = SENDING.get()
        if write is not None and self._clock.wire() > write.until:
            raise Later(AGAIN_S, f"{self._name} {operation}: not sent in its time, perhaps another has", counts=False)
        try:
            response = await self._transport.send(request)
        except NotSent as error:
            self._count(operation, "not_sent")
            raise self._outage(f"{operation}: not reached: {error}") from None
        except NoAnswer as error:
            self._count(operation, "no_answer")
            self._target.failed(f"{self._name} does not answer: {error}")
            raise Unknown(self._name, operation, f"no answer: {error}") from None
        self._count(operation, str(response.status))
        return response

    def _outage(self, cause: str) -> Later:
        self._target.failed(f"{self._name} {cause}")
        return self._target.outage(f"{self._name} {cause}")

    def _judge(self, operation: str, response: Response) -> None:
        """Return for 2xx; raise what the status means otherwise (a 3xx is an ambiguity that the vendor refuses)."""
        if 200 <= response.status < 300:
            self._target.answered()
            return
        if response.status >= 500:
            cause = f"{self._name} {operation}: status {response.status}"
            self._target.failed(cause, seconds(response.headers.get("retry-after")))
            raise Unknown(self._name, operation, f"status {response.status}")
        self._target.answered()
        refusal = self._dialect.refusal(response.status, _json_or_none(response.body))
        retry_after = seconds(response.headers.get("retry-after"))
        if response.status == 429 or refusal.limit_s is not None:
            delay = retry_after if retry_after is not None else (refusal.limit_s or LIMIT_S)
            if retry_after is not None or refusal.limit_s is not None:
                self._target.pause(delay)
            raise Limited(delay, f"{self._name} {operation}: limit ({refusal.code})")
        if response.status == 401:
            raise Later(60.0, f"{self._name}: credentials refused ({refusal.code})")
        if refusal.code == UNREADABLE and response.status >= 400:  # nobody can say why: perhaps it was cut on its way
            raise Later(AGAIN_S, f"{self._name} {operation}: {response.status} with an unreadable answer")
        if refusal.again_s is not None:
            raise Later(refusal.again_s, f"{self._name} {operation}: {refusal.code}")
        raise Rejected(self._name, operation, response.status, refusal.code, refusal.message, refusal.duplicate)

    def _count(self, operation: str, outcome: str) -> None:
        if self._on_call is not None:
            self._on_call(self._name, operation, outcome)


def parse(body: bytes) -> Any:
    """JSON with exact numbers (fractions as Decimal); ValueError if it is none."""
    if not body:
        return None
    shape = body.translate(_SHAPE)
    for text in _NO_NUMBERS:
        shape = shape.replace(text, b"")
    if not any(sign in shape for sign in _NOT_EXACT):
        try:
            return orjson.loads(body)
        except ValueError:
            pass  # what it refuses and others take: half a surrogate pair, NaN
    return _decode(body.decode("utf-8"))


_decode = json.JSONDecoder(parse_float=Decimal).decode
_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_NO_NUMBERS = (b"/v00.0/", b":00.000+")  # a version in a path, the end of a moment: most answers have them
_NOT_EXACT = (b"0.", b"0e", b"0" * 19)  # a fraction (or a text that looks like one), an integer of more than 64 bits


def render(content: Any) -> bytes:
    """JSON with exact numbers: a Decimal is written with the digits it has."""
    return orjson.dumps(content, default=_exact)


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode())
    raise TypeError(f"{type(value).__name__} is not JSON")


def seconds(text: str | None) -> float | None:
    """A Retry-After in seconds; dates are not used by these vendors."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _json_or_none(body: bytes) -> Any:
    try:
        return parse(body)
    except ValueError:
        return None


def with_header(request: Request, name: str, value: str) -> Request:
    """The request with one more header."""
    headers: Mapping[str, str] = {**request.headers, name: value}
    return Request(request.method, request.url, headers, request.body, request.timeout_s)
