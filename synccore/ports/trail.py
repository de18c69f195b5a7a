"""The trail: each write that was done, with its one cause; append-only, and for each system a chain of its own."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

Json = Any


@dataclass(frozen=True)
class TrailEntry:
    """A write that was done at a system. `previous`: the hash of that system's entry before it, '' for its first."""

    sequence: int
    key: str
    target: str
    operation: str
    cause: str
    reference: Json
    at: float
    previous: str
    hash: str

    @property
    def traceparent(self) -> str:
        """What the calls of this write have carried."""
        return traceparent(self.key, self.cause)


def sealed(previous: str, key: str, target: str, operation: str, cause: str, reference: Json, at: float) -> str:
    """The hash of an entry: SHA-256 of a JSON array of all that it says, in hexadecimal."""
    said = [previous, key, target, operation, cause, reference, at]
    text = json.dumps(said, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def traceparent(key: str, cause: str) -> str:
    """A W3C trace context that says whose write a call is: the trace is the cause, the span the effect.

    Both are hashed: systems learn none of our names, and anyone with the trail can tell which entry a call belongs to.
    """
    return f"00-{_digest(cause, 16)}-{_digest(key, 8)}-01"


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
