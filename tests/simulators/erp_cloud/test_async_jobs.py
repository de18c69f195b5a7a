"""Asynchronous calls: a job, its task, the result replayed, and the one place where idempotency keys work."""

import asyncio
from typing import Any

from tests.simulators.erp_cloud.world import World

CUSTOMER = "/record/v1/customer"
ASYNC = {"prefer": "respond-async"}


def work_off(world: World, later_s: float = 2.0) -> None:
    async def run() -> None:
        await world.system.start()
        world.time[0] += later_s
        await world.system.jobs.drained()
        await world.system.stop()

    asyncio.run(run())


def accepted(world: World, body: Any, **headers: str) -> str:
    answer = world.call("POST", CUSTOMER, body, **ASYNC, **headers)
    assert (answer.status, answer.headers["preference-applied"]) == (202, "respond-async")
    return answer.headers["location"].removeprefix("http://erp/services/rest")


def test_a_job_runs_later_and_replays_its_answer() -> None:
    world = World()
    job = accepted(world, {"companyName": "Acme", "subsidiary": "1"})
    assert world.call("GET", job).json["completed"] is False
    assert world.call("GET", f"{job}/task/1/result").status == 404
    work_off(world)
    shown = world.call("GET", job).json
    assert (shown["completed"], shown["progress"]) == (True, "succeeded")
    assert world.call("GET", f"{job}/task").json["totalResults"] == 1
    assert world.call("GET", f"{job}/task/1").json["endTime"].startswith("2026-01-05T09:00:0")
    result = world.call("GET", f"{job}/task/1/result")
    assert world.get("customer", result.id)["companyName"] == "Acme"


def test_a_failed_task_replays_its_refusal() -> None:
    world = World()
    job = accepted(world, {"companyName": "Acme"})
    work_off(world)
    assert world.call("GET", job).json["progress"] == "failed"
    assert world.call("GET", f"{job}/task/1/result").code == "USER_ERROR"


def test_an_idempotency_key_names_the_earlier_job() -> None:
    world = World()
    body = {"companyName": "Acme", "subsidiary": "1"}
    job = accepted(world, body, X_NetSuite_Idempotency_Key="k1")
    again = world.call("POST", CUSTOMER, body, X_NetSuite_Idempotency_Key="k1", **ASYNC)
    assert (again.status, again.code, again.json["title"]) == (400, "IDEMPOTENCY_ERROR", "Conflict")
    assert again.headers["location"].endswith(job)
    accepted(world, body, X_NetSuite_Idempotency_Key="k2")
    work_off(world)
    assert world.rows("SELECT COUNT(*) AS n FROM customer") == [{"n": "2"}]
    assert world.call("GET", "/async/v1/job/99").status == 404
