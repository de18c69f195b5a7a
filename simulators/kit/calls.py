"""A vendor call and its answer as plain values, between the ASGI wire and a system's code."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Call:
    """One request: the raw path is undecoded, header names are lower-case, `at` is business time (epoch s)."""

    method: str
    raw_path: str
    query: str
    headers: dict[str, str]
    body: bytes
    at: float
    operation: str = ""
    principal: str = ""
    scope: Any = None
    base_url: str = ""

    @property
    def target(self) -> str:
        """Path and query exactly as the client sent them."""
        return f"{self.raw_path}?{self.query}" if self.query else self.raw_path

    def text(self) -> str:
        """Target and body as one searchable text."""
        return self.target + self.body.decode("latin-1")


@dataclass(slots=True)
class Answer:
    """One response. Header names as they go on the wire; `Date` and `Content-Length` are the wire's business.

    A large body may be a `stream` of blocks instead, each made when the one before it has left: no block may stand
    on what another request could change meanwhile.
    """

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None

    def whole(self) -> "Answer":
        """The same answer with its body in one piece."""
        if self.stream is not None:
            self.body, self.stream = b"".join(self.stream), None
        return self


def json_answer(
    status: int, value: Any, content_type: str = "application/json", headers: dict[str, str] | None = None
) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, orjson.dumps(value), content_type, headers or {})
