"""What happened: a bounded, redacted ring of calls, changes and deliveries, and a loss-free listener."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from simulators.kit.calls import Call

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


class _Form(NamedTuple):
    """What the entries of one shape have in common; their members begin with those of `_FIRST`."""

    kind: str
    names: tuple[str, ...]


_Kept = tuple[Any, ...]  # form, business time, and the facts: a dict takes five times the room, of which most is unread
_FIRST = ("seq", "kind", "at")
_CALL = _Form("call", (
    *_FIRST, "system", "operation", "method", "target", "status", "fault", "principal", "headers", "body", "answer",
))  # fmt: skip
_CHANGE = _Form("change", (*_FIRST, "system", "table", "key", "action"))


def _entry(seq: int, kept: _Kept) -> Entry:
    (kind, names), *facts = kept
    return dict(zip(names, (seq, kind, *facts), strict=True))


def _trimmed(kept: _Kept) -> _Kept:
    """What the ring keeps of a large entry, so that its memory stays bounded."""
    return tuple([fact[: BODY_LIMIT + 1] if isinstance(fact, bytes) else fact for fact in kept])


class Journal:
    """A ring of entries, each with `seq` and `at` (business time). Old ones fall out; `first_seq` says how far."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._ring: deque[_Kept] = deque(maxlen=capacity)
        self.listeners: list[Callable[[Entry], None]] = []
        self._waiters: list[asyncio.Event] = []
        self.seq = 0

    def add(self, kind: str, at: float, **facts: Any) -> None:
        """Record one thing: kind is delivery, note or the like. Bodies come as bytes; `render` redacts them."""
        large = len(facts.get("body", b"")) + len(facts.get("answer", b"")) > BODY_LIMIT
        self._keep((_Form(kind, (*_FIRST, *facts)), at, *facts.values()), large)

    def called(self, call: Call, system: str, status: int | None, fault: str | None, answer: bytes) -> None:
        """Record a call: `status` is None when its connection was cut, `fault` what struck it."""
        self._keep(
            (_CALL, call.at, system, call.operation, call.method, call.target, status, fault, call.principal,
             call.headers, call.body, answer),
            len(call.body) + len(answer) > BODY_LIMIT,
        )  # fmt: skip

    def changed(self, at: float, system: str, table: str, key: str, action: str) -> None:
        """Record a committed change of a document."""
        self._keep((_CHANGE, at, system, table, key, action))

    def _keep(self, kept: _Kept, large: bool = False) -> None:
        """Put an entry into the ring, and tell it to who listens."""
        self.seq += 1
        self._ring.append(_trimmed(kept) if large else kept)
        for listener in self.listeners:
            listener(_entry(self.seq, kept))
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
        wanted = range(skip, min(len(self._ring), skip + limit))
        return [render(_entry(first + index, self._ring[index])) for index in wanted], lost

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
