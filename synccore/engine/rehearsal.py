"""What a replay would do, without doing it: processes run on real reads, nothing is stored, each write is told.

A piece of work goes on behind a write as if that had been sent, with an answer that nobody knows, and ends where it
cannot do without it. A write is told with its fields as they are in the target now and as they would be.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

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
ANSWER = "(as answered)"
WIDTH = 200  # characters of a value that are told


class _Undone(Exception):
    """Ends a transaction without effect."""


class _Intended(Exception):
    """A write that would be sent now."""

    def __init__(self, writes: list[PlannedWrite]) -> None:
        super().__init__()
        self.writes = writes


class _Hangs(Exception):
    """What follows hangs on an answer that nobody knows."""


def telling(real: Callable[..., Awaitable[Any]], told: list[PlannedWrite]) -> Callable[..., Awaitable[Any]]:
    """A way to write (`processes.writes`) that tells what would be sent, and goes on."""

    async def tell(*given: Any, **more: Any) -> Any:
        try:
            return await real(*given, **more)
        except _Intended as intended:
            told.extend(one for one in intended.writes if one.fields or not _named(one.target))
            return _answer(intended.writes)

    return tell


def _answer(writes: Sequence[PlannedWrite]) -> str:
    """The name of what was written, where the writer gives it one; else nobody knows it yet."""
    given = writes[-1].fields.get("id")
    return str(given[1]) if given is not None else _named(writes[-1].target) or ANSWER


def _named(target: str) -> str:
    """The record that a path ends with, '' if it ends with a collection or an action."""
    name = target.rpartition("/")[2]
    return name if any(sign.isdigit() for sign in name) and ":" not in name else ""


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
        if ANSWER in unquote(request.url):
            raise _Hangs
        if request.method == "GET" or any(part in path for part in READS):
            return await self._real.send(request)
        parts = _parts(request)
        if any(ANSWER in str(value) and value != ANSWER for _, _, body in parts for value in body.values()):
            raise _Hangs
        raise _Intended([await self._told(request, *part) for part in parts])

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
    processes: Mapping[str, Process], work: Mapping[tuple[str, str, str], Any], told: list[PlannedWrite] | None = None
) -> list[Rehearsed]:  # fmt: skip
    """Each piece of work, with all its writes as far as they do not hang on answers; `told`: see `telling`."""
    found, writes = [], told if told is not None else []
    for (process, key, subject), argument in list(work.items())[:MOST]:
        writes.clear()
        outcome = await _outcome(processes[process](DryRun(key), argument), writes)
        found.append(Rehearsed(process, subject, "would write" if writes else outcome, list(writes)))
    return found


async def _outcome(run: Awaitable[None], writes: list[PlannedWrite]) -> str:
    try:
        await run
    except _Intended as intended:
        writes.extend(intended.writes)
    except Parked as parked:
        return f"would wait: {parked}"
    except Later as later:
        return f"would be tried later: {later}"
    except Rejected as refusal:
        return f"would be refused: {refusal}"
    except _Hangs:
        pass
    except (TypeError, ValueError, KeyError):
        if not writes:
            raise
        # behind a write: an answer of many members is needed, and nobody knows it
    return "nothing to do"


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
        if not _same(_at(before, name), value) and not (value == ANSWER and _at(before, name))  # most likely the same
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
