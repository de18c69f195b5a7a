"""What a replay would do, without doing it: processes run on real reads, nothing is stored, the first write is kept.

Each piece of work stops at its first write, since what follows may depend on the answer. A write is told with its
fields as they are in the target now and as they would be.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from synccore.ports.database import Database
from synccore.ports.engine import Process
from synccore.ports.outcomes import Later, Parked
from synccore.ports.rehearsals import PlannedWrite, Rehearsed
from synccore.ports.stores import Unit
from synccore.ports.systems import Rejected
from synccore.ports.transport import NoAnswer, NotSent, Request, Response, Transport

T = TypeVar("T")
READS = ("/oauth2/token", "/oauth2/v1/token", "/query/v1/suiteql", "/estimates/")  # what only reads, though by POST
MOST = 1_000  # pieces of work that are looked at: each reads from the systems
WIDTH = 200  # characters of a value that are told


class _Undone(Exception):
    """Ends a transaction without effect."""


class _Intended(Exception):
    """A write that would be sent now."""

    def __init__(self, writes: list[PlannedWrite]) -> None:
        super().__init__()
        self.writes = writes


class _Spool:
    """Hands documents for the legacy ERP to nobody."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def add(self, interface: str, document_key: str, content: Any, at: float) -> bool:
        """See `ports.stores.Spool`."""
        if self._real.add(interface, document_key, content, at):
            raise _Intended([_planned("FILE", f"erp_legacy {interface} {document_key}", {}, content)])
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Work:
    """Notes which work would be added."""

    def __init__(self, real: Any, found: dict[tuple[str, str, str], Any]) -> None:
        self._real, self._found = real, found

    def add(self, process: str, key: str, subject: str, argument: Any, *rest: Any) -> Any:
        """See `ports.stores.Work`."""
        self._found.setdefault((process, key, subject), argument)
        return self._real.add(process, key, subject, argument, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Unit:
    def __init__(self, real: Unit, found: dict[tuple[str, str, str], Any]) -> None:
        self._real = real
        self.work, self.spool = _Work(real.work, found), _Spool(real.spool)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Undoing:
    """The core's memory, of which nothing is kept. `found` collects the work that would have been added."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.found: dict[tuple[str, str, str], Any] = {}

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """See `ports.database.Database`."""
        result: list[T] = []

        def inside(unit: Unit) -> None:
            result[:] = [fn(_Unit(unit, self.found))]  # type: ignore[arg-type]
            raise _Undone

        try:
            await self._database.run(inside)
        except _Undone:
            pass
        return result[0]


class Reading:
    """A transport that sends what reads, and stops at what writes."""

    def __init__(self, real: Transport) -> None:
        self._real = real

    async def send(self, request: Request) -> Response:
        """See `ports.transport.Transport`."""
        path = urlsplit(request.url).path
        if request.method == "GET" or any(part in path for part in READS):
            return await self._real.send(request)
        raise _Intended([await self._told(request, *part) for part in _parts(request)])

    async def _told(self, request: Request, method: str, path: str, body: Mapping[str, Any]) -> PlannedWrite:
        site = urlsplit(request.url)
        url = f"{site.scheme}://{site.netloc}{path}"
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-type"}
        before: Mapping[str, Any] = {}
        if method != "POST" or "/customers/" in path or "/subscriptions/" in path:
            before = await self._present(Request("GET", url, headers, b"", request.timeout_s))
        return _planned(method, path, before, body)

    async def _present(self, request: Request) -> Mapping[str, Any]:
        try:
            answer = await self._real.send(request)
        except (NotSent, NoAnswer):
            return {}
        try:
            found = json.loads(answer.body) if answer.status == 200 else {}
        except ValueError:
            return {}
        if isinstance(found, dict) and len(found) <= 2 and isinstance(next(iter(found.values()), None), dict):
            found = next(iter(found.values()))  # {"customer": {…}, "card": …}
        return found if isinstance(found, dict) else {}


class DryRun:
    """A run that remembers nothing."""

    id = "rehearsal"

    def __init__(self, key: str) -> None:
        self.key = key

    async def step(self, _name: str, fn: Callable[[], Awaitable[T]]) -> T:
        """See `ports.engine.Run`."""
        return await fn()


async def rehearse(
    processes: Mapping[str, Process], work: Mapping[tuple[str, str, str], Any]
) -> list[Rehearsed]:  # fmt: skip
    """Each piece of work up to its first write."""
    told = []
    for (process, key, subject), argument in list(work.items())[:MOST]:
        one = Rehearsed(process, subject)
        try:
            await processes[process](DryRun(key), argument)
        except _Intended as intended:
            one.outcome, one.writes = "would write", intended.writes
        except Parked as parked:
            one.outcome = f"would wait: {parked}"
        except Later as later:
            one.outcome = f"would be tried later: {later}"
        except Rejected as refusal:
            one.outcome = f"would be refused: {refusal}"
        told.append(one)
    return told


def _parts(request: Request) -> Sequence[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and fields of each write of a request."""
    path = urlsplit(request.url).path
    text = request.body.decode("utf-8", "replace")
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    if "form" in kind:
        return [(request.method, path, dict(parse_qsl(text, keep_blank_values=True)))]
    try:
        body = json.loads(text or "{}")
    except ValueError:
        body = {"": text}
    if isinstance(body, dict) and "compositeRequest" in body:
        return [(part["method"], part["url"], part.get("body") or {}) for part in body["compositeRequest"]]
    return [(request.method, path, body if isinstance(body, dict) else {"": body})]


def _planned(method: str, target: str, before: Mapping[str, Any], body: Mapping[str, Any]) -> PlannedWrite:
    fields = {
        name: (_short(_at(before, name)), _short(value)) for name, value in body.items()
        if not _same(_at(before, name), value)
    }  # fmt: skip
    return PlannedWrite(method, target, fields)


def _at(before: Mapping[str, Any], name: str) -> Any:
    """A field as the target has it now; a form names a member of a group as `group[member]`."""
    group, bracket, member = name.partition("[")
    found = before.get(group)
    if bracket and isinstance(found, Mapping):
        return found.get(member.rstrip("]"))
    return None if bracket else found


def _same(now: Any, then: Any) -> bool:
    if isinstance(now, dict) and isinstance(then, dict):
        return all(_same(now.get(name), value) for name, value in then.items())
    if now in (None, "") or then in (None, ""):
        return (now or "") == (then or "")
    if isinstance(now, bool) or isinstance(then, bool):
        return str(now).lower() == str(then).lower()
    try:
        return float(now) == float(then)
    except (TypeError, ValueError):
        return bool(now == then)


def _short(value: Any) -> Any:
    text = value if value is None or isinstance(value, str | int | float | bool) else json.dumps(value, default=str)
    return text[:WIDTH] if isinstance(text, str) else text
