"""A write is sent within its lease or not at all, under its trace context; what is no write is sent at any time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from synccore.ports.holding import SENDING, Sending
from synccore.ports.outcomes import Later
from synccore.ports.transport import Request, Response
from synccore.systems.client import Client

TRACE = "00-11111111111111111111111111111111-2222222222222222-01"


class Wire:
    """Signs nothing, answers anything, and remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.sent.append(request)
        return Response(200, {}, b"{}")

    async def sign(self, request: Request, stale: str | None) -> tuple[Request, str]:
        return request, "token"


def sent_at(wire_s: float, write: Sending | None) -> list[Request]:
    wire = Wire()
    clock: Any = SimpleNamespace(wire=lambda: wire_s, now=lambda: wire_s)
    client = Client("crm", wire, clock, 1, 30.0, wire)  # type: ignore[arg-type]

    async def call() -> None:
        SENDING.set(write)
        await client.write("bill.put", Request("PUT", "http://crm/bill", {}, b"", 30.0))

    asyncio.run(call())
    return wire.sent


def test_a_write_carries_its_trace_context_while_its_lease_lasts() -> None:
    (request,) = sent_at(150.0, Sending(TRACE, 150.0))
    assert request.headers["traceparent"] == TRACE
    assert "traceparent" not in sent_at(150.0, None)[0].headers


def test_what_comes_after_its_lease_is_not_sent() -> None:
    with pytest.raises(Later) as late:
        sent_at(150.1, Sending(TRACE, 150.0))
    assert not late.value.counts and "not sent in its time" in late.value.cause
