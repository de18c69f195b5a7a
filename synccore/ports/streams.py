"""Calls and streams of messages: what is not HTTP. Messages are bytes; who speaks the protocol reads them."""

from collections.abc import Mapping
from typing import Protocol

Metadata = Mapping[str, str]


class Refused(Exception):
    """The other side ended a call or a stream: `status` as gRPC names it, `code` the vendor's own or ''."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


class Stream(Protocol):
    """Messages both ways. `receive` raises Refused, or NoAnswer when the connection breaks or falls silent."""

    async def send(self, message: bytes) -> None:
        """Hand one message over; what is wrong with the stream is for `receive` to say."""
        ...

    async def in_force(self) -> None:
        """Return once the other side has taken the first message; raises NoAnswer or Refused when it never does."""
        ...

    async def receive(self) -> bytes | None:
        """The next message; None when the other side has no more."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...


class Channel(Protocol):
    """A connection to one service. Both raise NotSent when there is none, NoAnswer when it breaks, or Refused."""

    async def call(self, method: str, metadata: Metadata, request: bytes, timeout_s: float) -> bytes:
        """One message, one answer; `method` is `<service>/<name>`."""
        ...

    async def open(self, method: str, metadata: Metadata) -> Stream:
        """Begin a stream."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...
