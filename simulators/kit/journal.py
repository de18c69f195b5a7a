"""What happened: a bounded, redacted ring of calls, changes and deliveries, and a loss-free listener."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any

Entry = dict[str, Any]

_SECRET_HEADERS = frozenset(
    ("authorization", "cookie", "set-cookie", "x-sfdc-session", "x-control-token", "proxy-authorization")
)
_SECRET_FIELDS = re.compile(
    r"(?i)((?:client_secret|password|client_assertion|assertion|access_token|refresh_token|securityToken"
    r"|card(?:\[|%5B)(?:number|cvv)(?:\]|%5D))"
    r'(?:%22|")?\s*(?:=|%3D|:)\s*(?:%22|")?|<(?:sessionId|n1:password|urn:password|password)>)([^&"\s,}<]+)'
)
_SECRET_HINTS = (  # a cheap look: most bodies have none of them
    "client_secret", "password", "assertion", "access_token", "refresh_token", "securitytoken", "sessionid",
    "card[", "card%5b",
)  # fmt: skip
BODY_LIMIT = 4_096


def render(entry: Entry) -> Entry:
    """An entry as it may be shown: headers without credentials, bodies as text, cut, secrets blanked."""
    shown = dict(entry)
    for name, value in entry.items():
        if name == "headers":
            shown[name] = redact_headers(value)
        elif isinstance(value, bytes):
            shown[name] = redact_body(value)
    return shown


def redact_headers(headers: dict[str, str]) -> dict[str, str]:
    """Headers without credentials."""
    return {name: ("***" if name.lower() in _SECRET_HEADERS else value) for name, value in headers.items()}


def redact_body(body: bytes) -> str:
    """The first few kB of a body as text, secrets blanked."""
    text = blanked(body[:BODY_LIMIT].decode("utf-8", "replace"))
    return text if len(body) <= BODY_LIMIT else f"{text}… ({len(body)} bytes)"


def blanked(text: str) -> str:
    """A text with `***` in place of its secrets."""
    lower = text.lower()
    for hint in _SECRET_HINTS:
        if hint in lower:
            return _SECRET_FIELDS.sub(r"\1***", text)
    return text


def _trimmed(entry: Entry) -> Entry:
    """What the ring keeps of a large entry, so that its memory stays bounded."""
    return {name: value[: BODY_LIMIT + 1] if isinstance(value, bytes) else value for name, value in entry.items()}


class Journal:
    """A ring of entries, each with `seq` and `at` (business time). Old ones fall out; `first_seq` says how far."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._ring: deque[Entry] = deque(maxlen=capacity)
        self.listeners: list[Callable[[Entry], None]] = []
        self._waiters: list[asyncio.Event] = []
        self.seq = 0

    def add(self, kind: str, at: float, **facts: Any) -> None:
        """Record one thing: kind is call, change, delivery or note. Bodies come as bytes; `render` redacts them."""
        entry = {"seq": self.seq + 1, "kind": kind, "at": at, **facts}
        large = len(facts.get("body", b"")) + len(facts.get("answer", b"")) > BODY_LIMIT
        self._keep(entry, _trimmed(entry) if large else entry)

    def changed(self, at: float, system: str, table: str, key: str, action: str) -> None:
        """Record a committed change of a document."""
        entry = {
            "seq": self.seq + 1, "kind": "change", "at": at, "system": system, "table": table, "key": key,
            "action": action,
        }  # fmt: skip
        self._keep(entry, entry)

    def _keep(self, entry: Entry, kept: Entry) -> None:
        """Tell an entry to who listens, and put into the ring what is kept of it."""
        self.seq += 1
        self._ring.append(kept)
        for listener in self.listeners:
            listener(entry)
        for waiter in self._waiters:
            waiter.set()

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Hand every further entry to `listener` as it is made, whole and unredacted: it renders what it keeps."""
        self.listeners.append(listener)

    def after(self, seq: int, limit: int = 1_000) -> tuple[list[Entry], bool]:
        """Entries younger than `seq`, and whether some in between were already lost from the ring."""
        first = self.seq - len(self._ring) + 1
        lost = seq + 1 < first
        skip = max(0, seq + 1 - first)
        entries = [render(self._ring[index]) for index in range(skip, min(len(self._ring), skip + limit))]
        return entries, lost

    async def wait(self, seq: int, timeout_s: float) -> None:
        """Return once there is an entry younger than `seq`, or after the time-out."""
        news = asyncio.Event()
        self._waiters.append(news)
        try:
            async with asyncio.timeout(timeout_s):
                while self.seq <= seq:
                    news.clear()
                    await news.wait()
        except TimeoutError:
            pass
        finally:
            self._waiters.remove(news)

    def clear(self) -> None:
        """Begin anew."""
        self._ring.clear()
        self.seq = 0
