"""Every operation of the metering on one page: method, path, name, and who does it."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import orjson

from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.fidelity import absent, approximate
from simulators.metering import rules
from simulators.metering.errors import Refused
from simulators.metering.state import State

approximate(
    "at least once: what was sent twice is listed twice under one id",
    "pipelines retry; counting by lines instead of ids bills twice",
    source="ours",
)
approximate(
    "a feed with limited reach, and a daily file that has everything",
    "consumers that were away too long need a second way",
    source="ours",
)
absent(
    "aggregation, sampling and retention of raw records",
    "streams (Kafka, Kinesis), files by SFTP or object store",
    "quotas and entitlements",
    "several tokens with scopes",
    "deletion of events",
)

LIMIT_DEFAULT, LIMIT_MAX, BATCH_MAX = 100, 500, 500
DAY_S = 86_400

Action = Callable[..., Answer]


def record(state: State, call: Call) -> Answer:
    """POST /v1/events: one event, or up to 500 as {"events": […]}; all or none. 201, or 200 when none was new."""
    try:
        body = orjson.loads(call.body)
    except ValueError:
        raise Refused(400, "the body is no JSON") from None
    many = isinstance(body, dict) and "events" in body
    events = body["events"] if many else [body]
    if not isinstance(events, list) or not 1 <= len(events) <= BATCH_MAX:
        raise Refused(422, f"'events' is a list of 1 to {BATCH_MAX} events")
    meters = state.meters()
    errors = [
        {"pointer": f"/events/{index}/{member}" if many else f"/{member}", "detail": why}
        for index, event in enumerate(events) for member, why in rules.wrongs(event, call.at, meters)
    ]  # fmt: skip
    if errors:
        raise Refused(422, f"{errors[0]['pointer']}: {errors[0]['detail']}", errors)
    answers, fresh = [], False
    for event in events:
        _check_correction(state, event)
        kept, new = state.record(event, call.at)
        answers.append({"id": kept["id"], "new": new})
        fresh = fresh or new
    return json_answer(201 if fresh else 200, {"events": answers} if many else answers[0])


def _check_correction(state: State, event: dict[str, Any]) -> None:
    corrected = event.get("corrects")
    if corrected is None:
        return
    original = state.event(corrected)
    if original is None:
        raise Refused(422, f"there is no event '{corrected}' to correct")
    for member in ("subscription", "meter"):
        if original[member] != event[member]:
            raise Refused(422, f"a correction keeps the {member}: it is {original[member]} in {corrected}")


def feed(state: State, call: Call) -> Answer:
    """GET /v1/events?recorded_since=&cursor=&limit=: in the order in which they were recorded."""
    asked = _query(call, ("recorded_since", "cursor", "limit"))
    limit = asked.get("limit", str(LIMIT_DEFAULT))
    if not limit.isdigit() or not 1 <= int(limit) <= LIMIT_MAX:
        raise Refused(400, f"limit: a number from 1 to {LIMIT_MAX}")
    since = _since(state, call, asked.get("recorded_since", ""))
    found = state.entries(since, _after(asked.get("cursor", "")), int(limit) + 1)
    page = found[: int(limit)]
    following = _cursor(page[-1][0]) if len(found) > len(page) else None
    return json_answer(200, {"events": [row for _, row in page], "next_cursor": following})


def _since(state: State, call: Call, text: str) -> int:
    oldest = call.at - state.settings["retention_days"] * DAY_S
    if not text:
        return int(oldest)
    try:
        since = rules.seconds(text)
    except ValueError as error:
        raise Refused(400, f"recorded_since: {error}") from None
    if since < oldest:
        days = state.settings["retention_days"]
        raise Refused(410, f"recorded_since: the feed reaches back {days} days; older days are in /v1/exports")
    return since


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"e{number}".encode()).decode()


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor).decode()
        if not re.fullmatch(r"e\d{1,12}", text):
            raise ValueError(text)
        return int(text[1:])
    except (ValueError, binascii.Error):
        raise Refused(400, "cursor: pass back what next_cursor said") from None


def one(state: State, _call: Call, key: str) -> Answer:
    """GET /v1/events/{id}."""
    event = state.event(key)
    if event is None:
        raise Refused(404, f"there is no event '{key}'")
    return json_answer(200, {
        **rules.shown(event, event["recorded"]), "recorded_times": state.entered(key),
        "corrected_by": state.correction_of(key),
    })  # fmt: skip


def exports(state: State, call: Call) -> Answer:
    """GET /v1/exports?since=: the days whose CSV holds events."""
    since = _query(call, ("since",)).get("since", "")
    if since:
        _day(since)
    listed = [
        {"day": doc["id"], **{name: doc[name] for name in ("ready_at", "rows", "events", "sha256")}}
        for doc in state.exports(since)
    ]  # fmt: skip
    return json_answer(200, {"exports": listed})


def export(state: State, call: Call, day: str) -> Answer:
    """GET /v1/exports/{day}: the CSV of a day, ready at 01:00 of the day after; a day without events is empty."""
    _day(day)
    settings = state.settings
    doc = state.exported(day)
    if doc is None and rules.ready_at(day, settings["zone"], settings["export_at"]) > call.at:
        raise Refused(
            404, f"the export of {day} is ready at {settings['export_at']} ({settings['zone']}) the day after"
        )
    text = rules.csv_text(day, ()) if doc is None else doc["text"]
    return Answer(200, text.encode(), "text/csv; charset=utf-8")


def _day(text: str) -> None:
    try:
        good = date.fromisoformat(text).isoformat() == text
    except ValueError:
        good = False
    if not good:
        raise Refused(400, f"'{text}' is no day such as 2026-01-31")


def _query(call: Call, names: tuple[str, ...]) -> dict[str, str]:
    given = parse_qs(call.query, keep_blank_values=True)
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise Refused(400, f"'{unknown[0]}' is no parameter here; {', '.join(names)} are")
    return {name: values[-1] for name, values in given.items()}


ACTIONS: tuple[tuple[str, str, str, Action], ...] = (
    ("POST", "/v1/events", "event.record", record),
    ("GET", "/v1/events", "event.feed", feed),
    ("GET", "/v1/events/{key}", "event.retrieve", one),
    ("GET", "/v1/exports", "export.list", exports),
    ("GET", "/v1/exports/{day}", "export.fetch", export),
)
