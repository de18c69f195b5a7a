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


COLLECTION = "application/vnd.oracle.resource+json; type=collection"


def batched(world: World, method: str, items: list[Any], path: str = CUSTOMER) -> list[Any]:
    """The results of a collection's tasks, in their order."""
    answer = world.call(method, path, {"items": items}, Content_Type=COLLECTION, **ASYNC)
    assert answer.status == 202, answer.json
    job = answer.headers["location"].removeprefix("http://erp/services/rest")
    work_off(world)
    assert world.call("GET", job).json["completed"] is True
    tasks = world.call("GET", f"{job}/task").json["items"]
    assert len(tasks) == len(items)
    return [world.call("GET", f"{job}/task/{task['id']}/result") for task in tasks]


def test_a_collection_is_a_task_for_each_record_and_one_that_fails_leaves_the_others() -> None:
    world = World()
    made = batched(world, "POST", [{"companyName": "A", "subsidiary": "1", "externalId": "A"}, {"companyName": "B"}])
    assert [(one.status, one.code if one.status >= 400 else "") for one in made] == [(204, ""), (400, "USER_ERROR")]
    put = batched(world, "PUT", [{"externalId": "A", "companyName": "A2"}, {"externalId": "C", "companyName": "C",
                                                                           "subsidiary": "1"}])  # fmt: skip
    assert put[0].id == made[0].id
    changed = batched(
        world, "PATCH", [{"id": made[0].id, "email": "a@a.example"}, {"id": "99", "email": "x@x.example"}]
    )
    assert [one.status for one in changed] == [204, 404]
    both = world.call("GET", f"{CUSTOMER}?expandRecords=true&ids={made[0].id},eid:C").json
    assert [(one["companyName"], one.get("email")) for one in both["items"]] == [("A2", "a@a.example"), ("C", None)]
    assert [one.status for one in batched(world, "DELETE", [{"id": made[0].id}])] == [204]
    assert world.call("GET", f"{CUSTOMER}?ids={made[0].id}").status == 404


def test_a_collection_that_makes_no_sense_is_refused_whole() -> None:
    world = World()
    for method, items, headers, status in (
        ("POST", [{"companyName": "A", "subsidiary": "1"}], {}, 400),  # not asynchronous
        ("POST", [], ASYNC, 400), ("POST", ["x"], ASYNC, 400), ("PUT", [{"companyName": "A"}], ASYNC, 400),
        ("POST", [{"companyName": "A"}] * 101, ASYNC, 400),
    ):  # fmt: skip
        answer = world.call(method, CUSTOMER, {"items": items}, Content_Type=COLLECTION, **headers)
        assert answer.status == status, answer.json
    assert world.call("PATCH", CUSTOMER, {}).status == 405
    assert world.rows("SELECT COUNT(*) AS n FROM customer") == [{"n": "0"}]


def test_a_caller_who_takes_no_json_is_told_so() -> None:
    world = World()
    key = world.call("POST", CUSTOMER, {"companyName": "Acme", "subsidiary": "1"}).id
    assert world.call("GET", f"{CUSTOMER}/{key}", Accept="text/html").code == "NOT_ACCEPTABLE"
    for accepted_as in ("*/*", "application/json", "text/html, application/vnd.oracle.resource+json; type=singular"):
        assert world.call("GET", f"{CUSTOMER}/{key}", Accept=accepted_as).status == 200
