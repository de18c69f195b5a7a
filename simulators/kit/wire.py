"""The wire of every HTTP system, in pure ASGI: body, limits, faults, authentication, journal, vendor code."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from simulators.kit.calls import Answer, Call
from simulators.kit.clock import Clock
from simulators.kit.faults import CALL_FAULTS, Fault, FaultTable
from simulators.kit.journal import Journal
from simulators.kit.limits import Excess, LimitMeter

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Conclusion = tuple[Answer | None, Fault | None]
"""An answer, or None when the connection is to be cut instead, and what has struck the call."""

Refusal = Literal[
    "too_large", "long_target", "large_head", "limit", "daily_limit", "concurrency", "unavailable", "internal_error"
]


class Vendor(Protocol):
    """What the wire asks of a system: names for its operations, who may call, and refusals in its own shape."""

    name: ClassVar[str]
    max_body: int  # bytes
    max_target: int  # bytes of path and query
    max_head: int | None  # bytes of request line and headers

    def operation(self, call: Call) -> str:
        """A short stable name such as `invoice.upsert`; faults and journals speak of it."""
        ...

    def authenticate(self, call: Call) -> Answer | None:
        """None when the caller may go on (and `call.principal` is set), else the vendor's refusal."""
        ...

    def metered(self, call: Call) -> bool:
        """Whether a call counts against the vendor's limits."""
        ...

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        """The vendor's own answer for a refusal."""
        ...

    def expire_credentials(self) -> None:
        """Make every live token invalid from now on."""
        ...

    async def handle(self, call: Call) -> Answer:
        """The vendor's business: one call, one answer."""
        ...


class Head(NamedTuple):
    """The headers of a request: as they came, by name in lower case, and how many bytes they are. Nobody changes it."""

    raw: Headers
    named: dict[str, str]
    size: int

    @classmethod
    def of(cls, raw: Headers) -> "Head":
        """The head of these headers."""
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        return cls(raw, named, sum([len(name) + len(value) + 4 for name, value in raw]))


class ConnectionCut(Exception):
    """Raised into the transport when no server protocol offered `abort`: the caller must see a broken connection."""


class Wire:
    """The ASGI application of one system."""

    def __init__(self, vendor: Vendor, clock: Clock, journal: Journal, faults: FaultTable, meter: LimitMeter) -> None:
        self.vendor, self.clock, self.journal = vendor, clock, journal
        self.faults, self.meter = faults, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from the first byte to the last."""
        body, size = await self._read(receive)
        if body is None:
            return  # the caller went away before its request was whole: nothing was received
        raw_path = scope.get("raw_path") or scope["path"].encode()
        target = raw_path.decode("latin-1").partition("?")[0], scope["query_string"].decode("latin-1")
        head = Head.of(scope["headers"])
        call = self.call(scope["method"], *target, head, body, scope.get("scheme", "http"))
        await self.respond(scope, send, *await self.conclude(call, head, size))

    async def conclude(self, call: Call, head: Head, size: int) -> Conclusion:
        """What becomes of a call whose body has so many bytes; written down, and not yet sent."""
        excess = self._excess(call, head, size)
        call.operation = self.vendor.operation(call)
        fault = self.faults.strike(CALL_FAULTS, call.operation, call.text, call.at)
        answer = self._refuse(excess, call) if excess else await self._answer(call, fault)
        self._record(call, answer, fault)
        return answer, fault

    # -- request ----------------------------------------------------------------------------

    async def _read(self, receive: Receive) -> tuple[bytes | None, int]:
        """A body and its size; one that is too large is counted and not kept, one that ends too soon is None."""
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None, size
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= self.vendor.max_body:
                chunks.append(chunk)
            more = message.get("more_body", False)
        return b"".join(chunks), size

    def call(self, method: str, raw_path: str, query: str, head: Head, body: bytes, scheme: str) -> Call:
        """A request as the vendor's code sees it."""
        named = head.named
        base_url = f"{named.get('x-forwarded-proto', scheme)}://{named.get('host', '127.0.0.1')}"
        return Call(method, raw_path, query, named, body, self.clock.now(), "", "", {}, base_url)

    def _excess(self, call: Call, head: Head, size: int) -> Refusal | None:
        """What of a request is larger than the vendor's front lets through; nothing behind it sees such a one."""
        target, most = len(call.raw_path) + len(call.query), self.vendor.max_head
        if target > self.vendor.max_target:
            return "long_target"
        if most is not None and target + head.size > most:
            return "large_head"
        return "too_large" if size > self.vendor.max_body else None

    # -- answer -----------------------------------------------------------------------------

    async def _answer(self, call: Call, fault: Fault | None) -> Answer | None:
        """The answer as it leaves the system, or None when the connection is to be cut instead."""
        kind = fault.kind if fault else None
        if kind == "refuse":
            return None
        if kind == "timeout":
            assert fault is not None
            await asyncio.sleep(fault.delay_s)
            return None
        if kind == "server_error_before":
            assert fault is not None
            return self._refuse("unavailable", call, status=fault.status)
        if kind in ("limit", "daily_limit"):
            assert fault is not None
            return self._refuse("limit" if kind == "limit" else "daily_limit", call, retry_after_s=fault.retry_after_s)
        if kind == "expire_credentials":
            self.vendor.expire_credentials()
        answer = await self._admit(call, fault.delay_s if fault is not None and kind == "slow_applied" else 0.0)
        if kind == "repeat":
            answer = await self._admit(call)
        if fault is not None:
            return await self._spoil(call, answer, fault)
        return answer

    async def _admit(self, call: Call, delay_s: float = 0.0) -> Answer:
        refusal = self.vendor.authenticate(call)
        if refusal is not None:
            return refusal
        metered, entered = self.vendor.metered(call), self.clock.wire()
        excess = self.meter.enter(entered) if metered else None
        if excess is not None:
            return self._over(call, excess)
        try:
            if delay_s:
                await asyncio.sleep(delay_s)
                call.at = self.clock.now()
            return await self.vendor.handle(call)
        except Exception as error:  # a defect of the simulator: the vendor's 500, and a note that tests look for
            self.journal.add("note", call.at, level="defect", operation=call.operation, error=repr(error))
            return self._refuse("internal_error", call, status=500)
        finally:
            if metered:
                self.meter.leave(entered)

    async def _spoil(self, call: Call, answer: Answer, fault: Fault) -> Answer | None:
        if fault.kind == "lost_answer":
            return None
        if fault.kind == "server_error_after":
            return self._refuse("unavailable", call, status=fault.status)
        if fault.kind == "hold_answer":
            await asyncio.sleep(fault.delay_s)
        if fault.kind == "truncated_body":
            answer.body = answer.whole().body[: len(answer.body) // 2]
        if fault.kind == "altered_body":
            found = fault.find.encode()
            fault.hits -= found not in answer.whole().body
            answer.body = answer.body.replace(found, fault.put.encode())
        if fault.kind == "invalid_body":
            return Answer(200, b"<html><body>Service temporarily busy</body></html>", "text/html")
        return answer

    def _over(self, call: Call, excess: Excess) -> Answer:
        reasons: dict[str, Refusal] = {"window": "limit", "concurrent": "concurrency", "day": "daily_limit"}
        return self._refuse(reasons[excess.kind], call, retry_after_s=excess.retry_after_s or None)

    def _refuse(self, reason: Refusal, call: Call, status: int = 503, retry_after_s: int | None = None) -> Answer:
        return self.vendor.refuse(reason, call, status=status, retry_after_s=retry_after_s)

    # -- response and record ----------------------------------------------------------------

    def _record(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        status, said = (None, b"") if answer is None else (answer.status, answer.body)
        struck = None if fault is None else f"{fault.id}:{fault.kind}"
        self.journal.called(call, self.vendor.name, status, struck, said)

    def head(self, answer: Answer) -> list[tuple[str, str]]:
        """The headers of an answer, by name in lower case."""
        headers = [("date", self.clock.http_date())]
        if answer.content_type is not None:
            headers.append(("content-type", answer.content_type))
        headers += [(name.lower(), value) for name, value in answer.headers.items()]
        if answer.status not in (204, 304) and answer.stream is None:
            headers.append(("content-length", str(len(answer.body))))
        return headers

    async def respond(self, scope: Scope, send: Send, answer: Answer | None, fault: Fault | None) -> None:
        """Send what became of a call."""
        if answer is None:
            abort = scope.get("extensions", {}).get("abort")
            if abort is None:
                raise ConnectionCut(fault.id if fault else "")
            abort(applied=fault is not None and fault.kind == "lost_answer")
            return
        headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in self.head(answer)]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for block in answer.stream or ():
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": answer.body})
