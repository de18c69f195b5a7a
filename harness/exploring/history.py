"""What has been of a run, as far as somebody will judge it in the end: as lines that count for its standing."""

import hashlib
from collections.abc import Coroutine
from typing import Any

import orjson

from harness.canon import Canon
from harness.checkers import Case, judge
from harness.events import EventStream, RunEvent
from harness.exploring.likeness import likeness
from harness.exploring.moments import cell
from harness.runner import Play
from harness.simulation.world import SimWorld
from harness.world import PEOPLE
from synccore.ports.trail import traceparent

_JUDGES = ("I9", "I10")  # those that look at what was, and not at the books of the end
_READS = ("GET", "gRPC", "SFTP", None)  # how the core asks without changing anything

Lines = list[str]


class History:
    """Reads a run's record once, also for the runs that branch off it."""

    def __init__(self) -> None:
        self._stream: EventStream | None = None
        self._read = 0  # events of it
        self._defects: Lines = []
        self._sent: dict[tuple[str, str, str], None] = {}  # system, operation and trace of each call that may change
        self._trace: dict[tuple[str, str], str] = {}  # by key and cause of a write
        self._books: dict[int, tuple[Canon, Lines]] = {}  # by the canon's id

    def of(self, world: SimWorld, play: Play) -> Lines:
        """All of it."""
        stage, storm = play.stage, play.storm
        found = self._judged(play)
        found += [f"missed {text}" for text in play.unmet] + [f"judged {verdict}" for verdict in play.verdicts]
        found += [f"probe {name} {bool(hits)}" for name, hits in _at_once(storm.probes()).items()]
        found += [f"replay {one.signals} {one.work}" for one in stage.replays]
        for report in play.reconciliations:
            found += [f"reconciled {report.breaks} {report.items}", *self._likeness(report.canon)]
        if (shown := play.shown) is not None:
            told = (shown.exceptions, shown.work, shown.letters, shown.levels, shown.core_known, shown.defects)
            found += [cell("shown", orjson.dumps(told).decode()), *self._likeness(shown.canon)]
        found += [f"going on {storm.going_on}", f"edits {sorted(stage.edits.items())}", f"moved {sorted(stage.moved)}"]
        found += [f"changed {sorted(stage.customer_changes)}", f"bank {stage.bank_sequence}", f"closed {stage.closed}"]
        found += [f"failure {storm.failure}", f"crashes by the story {storm.killed}"]
        if world.backup is not None:  # what somebody may yet put back is as it was
            found.append(f"backup {hashlib.blake2b(world.backup.image).hexdigest()}")
        if any(one.calls_at_most is not None for one in (play.scenario.expect, *play.scenario.facts_of("expect"))):
            found.append(f"calls {len(world.requests)}")
        return found + self._record(world)

    def _judged(self, play: Play) -> Lines:
        outages = tuple(_at_once(play.storm.outages()))
        if not outages and not play.stage.replays:
            return []
        case = Case(Canon(), replays=play.stage.replays, outages=outages)
        return [f"{one.invariant} {one.findings}" for one in judge(case, _JUDGES) if one.outcome == "broken"]

    def _likeness(self, canon: Canon) -> Lines:
        known = self._books.get(id(canon))
        if known is None:
            rows = sorted((str(row), count) for row, count in likeness(canon).items())
            known = self._books[id(canon)] = canon, [f"books {row}" for row in rows]
        return known[1]

    def _record(self, world: SimWorld) -> Lines:
        """Defects, and calls that may have changed something and of which the core knows nothing by its trail (I19)."""
        if self._stream is not world.stream:
            self._stream, self._read = world.stream, 0
            self._defects, self._sent = [], {}
        for event in world.stream.events[self._read :]:
            self._hear(event)
        self._read = len(world.stream.events)
        told = set()
        for pair in world.memory.execute("SELECT key, cause FROM trail UNION SELECT key, cause FROM effects"):
            trace = self._trace.get(pair)
            if trace is None:
                trace = self._trace[pair] = traceparent(*pair)
            told.add(trace)
        return [*self._defects, *(f"untold {sent}" for sent in self._sent if sent[2] not in told)]

    def _hear(self, event: RunEvent) -> None:
        facts = event.facts
        if facts.get("level") in ("defect", "lost"):
            self._defects.append(f"defect {facts}")
        if event.kind == "call" and facts.get("method") not in _READS:
            headers = facts.get("headers") or {}
            if headers.get("user-agent") != PEOPLE:
                self._sent[facts["system"], facts["operation"], headers.get("traceparent", "")] = None


def went_back(world: SimWorld) -> bool:
    """Was sales shown an older state of something meanwhile (I6)? The books have nothing of that any more."""
    calls, changes = (tuple(one for one in world.stream.events if one.kind == kind) for kind in ("call", "change"))
    return any(one.outcome == "broken" for one in judge(Case(Canon(), calls=calls, changes=changes), ("I6",)))


def _at_once(answer: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine that has nothing to wait for returns."""
    try:
        answer.send(None)
    except StopIteration as end:
        return end.value
    answer.close()
    raise RuntimeError("it was not to wait")
