"""A write is sent within its lease or not at all, under its trace context; what is no write is sent at any time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from synccore.domain.legacy import LegacyFile
from synccore.ports.holding import SENDING, Sending
from synccore.ports.outcomes import Later
from synccore.ports.transport import Request, Response
from synccore.systems.client import Client
from synccore.systems.credentials import LegacyErpAccess
from synccore.systems.erp_legacy import LegacyErpAdapter

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


class Drop:
    """An empty folder, in which a call takes so long."""

    def __init__(self, took_s: float) -> None:
        self.wire_s, self._took_s = 100.0, took_s
        self.done: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any) -> Any:
            self.wire_s += self._took_s
            if name == "write":
                self.content = given[1]
            if name in ("write", "rename"):
                self.done.append(given[-1] if name == "rename" else given[0])
            return {"listdir": [], "read": getattr(self, "content", b"")}.get(name)

        return call


def handed_over(took_s: float) -> list[str]:
    drop = Drop(took_s)
    clock: Any = SimpleNamespace(wire=lambda: drop.wire_s, now=lambda: drop.wire_s)
    file = LegacyFile(name="PAY_X_20260105_000001", interface="PAY", sequence=1, created="20260105",
                      created_time="213000")  # fmt: skip

    async def deliver() -> None:
        SENDING.set(Sending("", 150.0))
        try:
            await LegacyErpAdapter(LegacyErpAccess(), drop, clock).deliver(file)  # type: ignore[arg-type]
        except Later as late:
            assert not late.counts and "not done in its time" in late.cause

    asyncio.run(deliver())
    return drop.done


def test_a_file_is_final_within_the_lease_of_its_run_or_not_at_all() -> None:
    assert [name for name in handed_over(1.0) if name.endswith(".CTL")] == ["/inbound/PAY_X_20260105_000001.CTL"]
    assert not [name for name in handed_over(8.0) if name.endswith(".CTL")]
