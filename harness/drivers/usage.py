"""The product of the story: what customers use is recorded in the metering, one event at a time or from an export."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.drivers.stage import Stage, StepFailed
from harness.drivers.wire import answer_of, ask, refused
from harness.scenario import STORIES
from harness.scenario.values import iso, moment

COLUMNS = ("id", "deal", "meter", "quantity", "time", "recorded", "corrects")
BATCH = 500


@dataclass(frozen=True)
class Used:
    """A row of an export: what was used, and when the product recorded it (blank: at once)."""

    id: str
    deal: str
    meter: str
    quantity: str
    time: float
    recorded: float
    corrects: str


async def consume(stage: Stage, facts: Any) -> str:
    """One event, sent as often as the step says."""
    at = await _when(stage, facts)
    subscription = facts.subscription or await _subscription(stage, facts.deal)
    event: dict[str, Any] = {
        "subscription": subscription, "meter": facts.meter, "quantity": facts.quantity, "time": iso(at),
    } | {name: value for name, value in (("id", facts.id), ("corrects", facts.corrects)) if value}  # fmt: skip
    if facts.past_the_api:
        await stage.world.control("metering", "POST", "/_control/act/record_raw", event)
    else:
        for _ in range(facts.times):
            await _send(stage, [event])
    often = f", sent {facts.times} times" if facts.times > 1 else ""
    instead = f" instead of {facts.corrects}" if facts.corrects else ""
    return f"{facts.deal} used {facts.quantity} {facts.meter} at {iso(at)}{instead}{often}"


async def _when(stage: Stage, facts: Any) -> float:
    """Now, unless the step says; a correction is about the time of what it corrects."""
    if facts.at is not None or not facts.corrects:
        return float(stage.world.now() if facts.at is None else facts.at)
    reply = await ask(stage.world, "metering", "GET", f"/v1/events/{facts.corrects}", _headers(stage))
    if reply.status != 200:
        raise refused("the metering", f"event {facts.corrects}", reply)
    try:
        return moment(answer_of(reply)["time"])
    except (KeyError, ValueError):  # written past the API
        return float(stage.world.now())


def _headers(stage: Stage) -> dict[str, str]:
    return {"authorization": f"Bearer {stage.world.credentials('metering')['token']}"}


async def consume_export(stage: Stage, facts: Any) -> str:
    """All rows of the export that the product has recorded by now and that were not sent before."""
    rows = usage_export(STORIES / facts.file)
    begun = stage.consumed.get(facts.file, 0)
    now = stage.world.now()
    due = [row for row in rows[begun:] if row.recorded <= now]
    if not due:
        raise StepFailed(f"{facts.file}: nothing more was recorded by {iso(now)}")
    subscriptions = {deal: await _subscription(stage, deal) for deal in dict.fromkeys(row.deal for row in due)}
    events = [_event(row, subscriptions[row.deal]) for row in due]
    for start in range(0, len(events), BATCH):
        await _send(stage, events[start : start + BATCH])
    stage.consumed[facts.file] = begun + len(due)
    return f"{len(due)} usage events of {len(subscriptions)} customers are recorded in the metering"


def _event(row: Used, subscription: str) -> dict[str, str]:
    event = {"id": row.id, "subscription": subscription, "meter": row.meter, "quantity": row.quantity,
             "time": iso(row.time)}  # fmt: skip
    return event | ({"corrects": row.corrects} if row.corrects else {})


async def _subscription(stage: Stage, deal: str) -> str:
    return await stage.platform.subscription_of(stage.offer(deal).opportunity_id)


async def _send(stage: Stage, events: list[dict[str, Any]]) -> None:
    headers = {**_headers(stage), "content-type": "application/json"}
    body = json.dumps({"events": events}).encode()
    reply = await ask(stage.world, "metering", "POST", "/v1/events", headers, body)
    if reply.status not in (200, 201):
        raise refused("the metering", f"{len(events)} usage events", reply)


def usage_export(path: Path) -> list[Used]:
    """The rows of an export in order of recording; StepFailed names line and column of what is wrong."""
    if not path.exists():
        raise StepFailed(f"there is no file {path.name} in {path.parent.name}")
    with path.open(newline="") as file:
        lines = csv.DictReader(file)
        if tuple(lines.fieldnames or ()) != COLUMNS:
            raise StepFailed(f"{path.name}, line 1: the header is not {','.join(COLUMNS)}")
        rows = [_used(path.name, number, row) for number, row in enumerate(lines, start=2)]
    return sorted(rows, key=lambda row: row.recorded)


def _used(name: str, number: int, row: Mapping[str, str]) -> Used:
    for column in ("id", "deal", "meter", "quantity", "time"):
        if not row[column]:
            raise StepFailed(f"{name}, line {number}, column {column}: is empty")
    instants = {}
    for column in ("time", "recorded"):
        try:
            instants[column] = moment(row[column] or row["time"])
        except ValueError as error:
            raise StepFailed(f"{name}, line {number}, column {column}: {error}") from None
    return Used(row["id"], row["deal"], row["meter"], row["quantity"], instants["time"], instants["recorded"],
                row["corrects"])  # fmt: skip
