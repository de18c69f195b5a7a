"""The record of a run as JSON lines: everything needed to repeat it; read back with a clear word about any damage."""

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import orjson

from harness.events import RunEvent
from harness.scenario import Scenario, StoryError, read_story

FORMAT = 1


class RecordError(ValueError):
    """A record that cannot be used; the message names file and line."""


class RecordWriter:
    """An event consumer that writes each event as it comes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("w", encoding="utf-8")
        self._write({"kind": "record", "format": FORMAT, "commit": commit()})

    def __call__(self, event: RunEvent) -> None:
        """See events.Consumer."""
        self._write(event.to_json())

    def _write(self, value: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(value, default=str).decode() + "\n")
        if value["kind"] in ("run", "end"):
            self._file.flush()

    def close(self) -> None:
        """All is on disk."""
        self._file.close()


@dataclass(frozen=True)
class Record:
    """One run as recorded: `events` are flat JSON objects."""

    scenario: Scenario
    seed: str
    mode: str
    digest: str
    outcome: str
    commit: str
    events: list[dict[str, Any]]


def read_record(path: Path) -> list[Record]:
    """All runs of a record file; RecordError for a file that is damaged, cut, or no record."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from None
    if lines[-1] != b"":
        raise RecordError(f"{path}:{len(lines)}: the last line is cut off: the record is not whole")
    rows = [_row(path, number, line) for number, line in enumerate(lines[:-1], start=1)]
    if not rows or rows[0].get("kind") != "record":
        raise RecordError(f"{path}:1: this is not a windtunnel record")
    if rows[0].get("format") != FORMAT:
        raise RecordError(f"{path}:1: record format {rows[0].get('format')} is not {FORMAT}")
    records: list[Record] = []
    current: list[dict[str, Any]] = []
    for number, row in enumerate(rows[1:], start=2):
        if row["kind"] == "run" and any(one["kind"] == "run" for one in current):
            raise RecordError(f"{path}:{number}: a run begins before the one before it has ended")
        current.append(row)  # a world may stir before its run is announced: that belongs to the run
        if row["kind"] == "end":
            records.append(_record(path, number, current, str(rows[0].get("commit", ""))))
            current = []
    if current or not records:
        raise RecordError(f"{path}:{len(rows)}: the record ends in the midst of a run (no end event)")
    return records


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"{path}:{number}: not JSON: {error}") from None
    if not isinstance(row, dict) or "kind" not in row:
        raise RecordError(f"{path}:{number}: not an event")
    return row


def _record(path: Path, number: int, rows: list[dict[str, Any]], made_by: str) -> Record:
    head, end = next((row for row in rows if row["kind"] == "run"), {}), rows[-1]
    try:
        scenario = read_story(orjson.dumps(head["scenario"]).decode(), f"{path} (story)")
        lines = head.get("lines") or [0] * len(scenario.steps)
        steps = tuple(replace(step, line=line) for step, line in zip(scenario.steps, lines, strict=False))
        scenario = replace(scenario, steps=steps)  # messages speak of the lines of the file that was played
        return Record(scenario, head["seed"], head["mode"], end["digest"], end["outcome"], made_by, rows)
    except KeyError as error:
        raise RecordError(f"{path}:{number}: the run lacks {error}") from None
    except StoryError as error:
        raise RecordError(f"{path}: its story does not fit this version: {error}") from None


def first_difference(recorded: list[dict[str, Any]], again: list[dict[str, Any]]) -> str:
    """Where two runs part, as a sentence; '' when they do not."""
    for number, (old, new) in enumerate(zip(recorded, again, strict=False), start=1):
        old, new = _comparable(old), _comparable(new)
        if old != new:
            fields = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
            shown = "; ".join(f"{name} was {_short(old.get(name))}, is {_short(new.get(name))}" for name in fields[:4])
            return f"event {number} ({old.get('kind')}) differs: {shown}"
    if len(recorded) != len(again):
        return f"the record has {len(recorded)} events, this run {len(again)}"
    return ""


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(orjson.dumps(row, default=str))
    return {name: inner for name, inner in value.items() if name not in ("headers", "port", "traceparent")}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def commit() -> str:
    """The commit of this checkout, '' outside of one."""
    try:
        said = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=5,
            check=False,
        )  # fmt: skip
    except OSError:
        return ""
    return said.stdout.strip()
