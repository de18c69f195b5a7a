"""One HTTP exchange, and the two ways in which it can fail to be one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes out. `url` is absolute and already encoded; header names in any case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSent(Exception):
    """The request certainly had no effect: no connection was made."""


class NoAnswer(Exception):
    """The request may or may not have had its effect: time-out, reset, or an answer that broke off."""


class Transport(Protocol):
    """Sends one request. It never retries: retrying is a decision that knows about keys."""

    async def send(self, request: Request) -> Response:
        """The response, whatever its status; NotSent or NoAnswer when there is none."""
        ...
