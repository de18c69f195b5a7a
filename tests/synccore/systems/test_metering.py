"""The metering's adapter: pages, the feed's reach, files, and what an answer that is none means."""

import asyncio

import pytest

from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected
from synccore.systems.credentials import MeteringAccess
from synccore.systems.metering import MeteringAdapter
from tests.synccore.systems.wires import Script, reply
from tests.synccore.worlds import HandClock

SINCE = "2026-01-05T09:00:00Z"


def adapter(*replies: object) -> tuple[MeteringAdapter, Script]:
    script = Script(*replies)  # type: ignore[arg-type]
    return MeteringAdapter(MeteringAccess("http://metering", "t0ken"), script, HandClock(), 4, 30.0), script


def page(*ids: str, following: str | None = None) -> object:
    return reply(200, {"events": [{"id": one} for one in ids], "next_cursor": following})


def test_all_pages_of_the_feed_since_an_instant() -> None:
    metering, script = adapter(page("e1", "e2", following="abc"), page("e3"))
    assert [row["id"] for row in asyncio.run(metering.recorded(SINCE))] == ["e1", "e2", "e3"]
    first, second = script.requests
    assert first.headers["authorization"] == "Bearer t0ken"
    assert "recorded_since=2026-01-05T09%3A00%3A00Z" in first.url and "cursor=abc" in second.url


def test_an_instant_beyond_the_feeds_reach_is_asked_for_as_far_as_it_goes() -> None:
    gone = reply(410, {"title": "Gone", "detail": "the feed reaches back 35 days"})
    metering, script = adapter(gone, page("e1"))
    assert len(asyncio.run(metering.recorded(SINCE))) == 1
    assert "recorded_since" not in script.requests[1].url


def test_the_book_is_the_feed_and_the_files_of_the_days_before_it() -> None:
    text = "event_id,subscription,customer,meter,quantity,time,recorded_at,corrects\ne1,s,,m,1,t,r,\nTRAILER,D,1,1\n"
    metering, script = adapter(
        reply(200, {"events": [{"id": "e2", "recorded_at": "2026-02-05T09:00:00Z"}], "next_cursor": None}),
        reply(200, {"exports": [{"day": "2026-01-01", "sha256": "a"}, {"day": "2026-02-06", "sha256": "b"}]}),
        reply(200, text.encode()),
    )
    assert [row["id"] for row in asyncio.run(metering.book())] == ["e1", "e2"]
    assert script.requests[2].url.endswith("/v1/exports/2026-01-01")


@pytest.mark.parametrize("answer", [reply(200, {"events": 3}), reply(200, b"<html>"), reply(503, {})])
def test_an_answer_that_is_none_is_asked_for_later(answer: object) -> None:
    metering, _ = adapter(answer)
    with pytest.raises(Later):
        asyncio.run(metering.recorded(""))


def test_a_refusal_that_was_cut_on_its_way_is_asked_for_again() -> None:
    metering, _ = adapter(reply(400, b'{"title": "Bad req'))
    with pytest.raises(Later, match="400 with an unreadable answer"):
        asyncio.run(metering.recorded(""))


def test_a_refusal_carries_the_sources_words() -> None:
    metering, _ = adapter(reply(400, {"title": "Bad request", "detail": "limit: a number"}))
    with pytest.raises(Rejected, match="limit: a number"):
        asyncio.run(metering.recorded(""))
