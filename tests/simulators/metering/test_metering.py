"""The metering: what the product sends stands in feed, file and books alike, and what makes no sense is refused."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulators.metering
from simulators.metering.routes import ACTIONS
from simulators.metering.schemas import COLUMNS
from tests.simulators.metering.world import World, play

DAY = 86_400


def test_feed_and_daily_file_say_the_same() -> None:
    async def story(world: World) -> None:
        assert (await world.use("e1", "10")).json == {"id": "e1", "new": True}
        assert (await world.use("e1", "10.0")).status == 200, "sent again: known, and entered again"
        await world.pass_time(3600)
        assert (await world.use("e2", "7", corrects="e1")).status == 201
        feed = await world.feed("limit=1")
        assert [(row["id"], row["quantity"]) for row in feed] == [("e1", "10"), ("e1", "10"), ("e2", "7")]
        assert (await world.call("GET", "/v1/exports/2026-01-05")).status == 404
        await world.pass_time(DAY)
        listed = (await world.call("GET", "/v1/exports?since=2026-01-05")).json["exports"]
        assert [(row["day"], row["rows"], row["events"]) for row in listed] == [("2026-01-05", 3, 2)]
        lines = list(csv.reader(io.StringIO((await world.call("GET", "/v1/exports/2026-01-05")).text)))
        assert tuple(lines[0]) == COLUMNS
        assert lines[-1] == ["TRAILER", "2026-01-05", "3", "2"]
        as_feed = [{("id" if k == "event_id" else k): v for k, v in zip(COLUMNS, line, strict=True) if v}
                   for line in lines[1:-1]]  # fmt: skip
        assert as_feed == feed

    books = play(story).metering.books()["line"]
    assert [(row["id"], row["recorded_times"], row["corrected_by"]) for row in books] == [
        ("e1", 2, "e2"),
        ("e2", 1, None),
    ]


def test_a_late_event_stands_in_the_file_of_the_day_on_which_it_was_recorded() -> None:
    async def story(world: World) -> None:
        await world.pass_time(10 * DAY)
        await world.use("late", "1", time="2026-01-05T08:00:00Z")
        await world.pass_time(DAY)
        assert "late" in (await world.call("GET", "/v1/exports/2026-01-15")).text
        assert (await world.call("GET", "/v1/exports/2026-01-05")).text.endswith("TRAILER,2026-01-05,0,0\n")

    play(story)


def test_the_feed_goes_on_from_where_one_was_and_reaches_back_so_many_days() -> None:
    async def story(world: World) -> None:
        await world.use("old", "1")
        await world.pass_time(DAY)
        await world.use("new", "1")
        assert [row["id"] for row in await world.feed("recorded_since=2026-01-06T00:00:00Z")] == ["new"]
        await world.pass_time(36 * DAY)
        gone = await world.call("GET", "/v1/events?recorded_since=2026-01-05T09:00:00Z")
        assert gone.status == 410 and "/v1/exports" in gone.json["detail"]

    play(story)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"quantity": "1,5"}, "/quantity"), ({"quantity": 3}, "/quantity"), ({"quantity": "-1"}, "/quantity"),
    ({"meter": "calls"}, "/meter"), ({"subscription": ""}, "/subscription"), ({"time": "yesterday"}, "/time"),
    ({"time": "2026-02-31T00:00:00Z"}, "/time"), ({"time": "2027-01-01T00:00:00Z"}, "/time"), ({"unit": "h"}, "/unit"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "pointer"), WRONG)
def test_a_wrong_member_is_named_and_nothing_is_kept(change: dict[str, Any], pointer: str) -> None:
    async def story(world: World) -> None:
        event = {"subscription": "sub-1", "meter": "api-calls", "quantity": "1", "time": "2026-01-05T08:00:00Z"}
        reply = await world.call("POST", "/v1/events", {"events": [event, event | change]})
        assert reply.status == 422
        assert reply.json["errors"][0]["pointer"] == f"/events/1{pointer}", reply.json
        assert await world.feed() == []

    play(story)


def test_what_is_refused() -> None:
    async def story(world: World) -> None:
        await world.use("e1", "10")
        assert (await world.use("e1", "11")).status == 409
        assert (await world.use("e2", "1", corrects="nobody")).status == 422
        assert (await world.use("e2", "1", corrects="e1", meter="storage")).status == 422
        assert (await world.call("POST", "/v1/events", b"{")).status == 400
        assert (await world.call("POST", "/v1/events", {"events": []})).status == 422
        for query in ("limit=501", "limit=x", "cursor=zzz", "recorded_since=now", "page=2"):
            assert (await world.call("GET", f"/v1/events?{query}")).status == 400, query
        assert (await world.call("GET", "/v1/exports/20260105")).status == 400
        assert (await world.call("GET", "/v1/events/none")).status == 404
        assert (await world.call("PUT", "/v1/events")).status == 405
        assert (await world.call("GET", "/v1/nothing")).status == 404
        refused = await world.call("GET", "/v1/events", token="other")
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert refused.headers["content-type"] == "application/problem+json"

    play(story)


def test_rows_that_never_passed_the_api_and_an_edited_file() -> None:
    async def story(world: World) -> None:
        await world.metering.acts["record_raw"]({"id": "raw", "subscription": "sub-1", "quantity": "12,5"})
        assert [row["quantity"] for row in await world.feed()] == ["12,5"]
        await world.pass_time(DAY)
        edit = {"day": "2026-01-05", "line": 2, "column": "quantity", "text": "12.5"}
        await world.metering.acts["spoil_export"](edit)
        assert ",12.5," in (await world.call("GET", "/v1/exports/2026-01-05")).text
        with pytest.raises(ValueError, match="no export of 2026-01-06"):
            await world.metering.acts["spoil_export"]({**edit, "day": "2026-01-06"})

    play(story)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 3)), max_size=12), st.integers(1, 4))
def test_every_entry_is_read_once_whatever_the_page_size(sent: list[tuple[str, int]], limit: int) -> None:
    async def story(world: World) -> None:
        accepted = [key for key, quantity in sent if (await world.use(key, str(quantity))).status < 400]
        assert [row["id"] for row in await world.feed(f"limit={limit}")] == accepted

    books = play(story).metering.books()["line"]
    first: dict[str, int] = {}
    for key, quantity in sent:
        first.setdefault(key, quantity)
    assert {row["id"]: int(row["quantity"]) for row in books} == first


def test_its_page_documents_every_operation() -> None:
    page = (Path(simulators.metering.__file__).parent / "API.md").read_text()
    documented = {(method, path) for method, path in re.findall(r"^\| `(GET|POST) ([^?`]+)", page, re.MULTILINE)}
    assert documented == {(method, path.replace("{key}", "{id}")) for method, path, _, _ in ACTIONS}
