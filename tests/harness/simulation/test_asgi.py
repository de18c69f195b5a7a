"""The thin wire: time-outs leave the server at work, cuts are told apart, a slow answer is still under way."""

import asyncio
from typing import Any

import pytest

from harness.simulation.asgi import ConnectionBroke, UnderWay, request, served
from harness.simulation.loop import run_virtual


def app(delay_s: float, done: list[float], cut: bool | None = None) -> Any:
    async def serve(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        if delay_s:
            await asyncio.sleep(delay_s)
        done.append(asyncio.get_running_loop().time())
        if cut is not None:
            scope["extensions"]["abort"](applied=cut)
            return
        path = f"{scope['path']}?{scope['query_string'].decode()}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-said", message["body"])]})
        await send({"type": "http.response.body", "body": path})

    return serve


def test_an_answer_as_it_came() -> None:
    async def story() -> Any:
        return await request(app(0, []), "POST", "/things/a%20b?x=1", {"Host": "h"}, b"hello", 30.0)

    raw = run_virtual(story)
    assert (raw.status, raw.headers, raw.body) == (200, {"x-said": "hello"}, b"/things/a%20b?x=1")


def test_a_caller_that_gives_up_cancels_nothing() -> None:
    async def story() -> list[float]:
        done: list[float] = []
        under_way: UnderWay = []
        with pytest.raises(TimeoutError):
            await request(app(45.0, done), "POST", "/", {}, b"", 30.0, under_way)
        assert asyncio.get_running_loop().time() == 30.0
        assert [task.done() for task in under_way] == [False]
        await asyncio.sleep(60)
        assert [task.done() for task in under_way] == [True]
        return done

    assert run_virtual(story) == [45.0]


@pytest.mark.parametrize("applied", [True, False])
def test_a_cut_connection_says_for_the_record_whether_the_work_was_done(applied: bool) -> None:
    async def story() -> bool:
        with pytest.raises(ConnectionBroke) as broke:
            await request(app(0, [], cut=applied), "GET", "/", {}, b"", None)
        return broke.value.applied

    assert run_virtual(story) is applied


@pytest.mark.parametrize(("begun", "status"), [(False, 500), (True, 202)])
def test_a_server_answers_what_its_application_did_not(begun: bool, status: int) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 202, "headers": []})
        raise OSError("disk full")

    async def story() -> tuple[int, list[str]]:
        failed: list[str] = []
        raw = await request(served(broken, failed.append), "GET", "/", {}, b"", None)
        with pytest.raises(OSError, match="disk full"):
            await request(broken, "GET", "/", {}, b"", None)  # a simulator's own defect reaches whoever asked
        return raw.status, failed

    assert run_virtual(story) == (status, ["OSError('disk full')"])
