"""User-written RESTlets behind the vendor's URL: what they may do, what they are refused, and who may call them."""

import asyncio
import json
from typing import Any

import pytest

from simulators.kit.system import SeedError
from tests.simulators.erp_cloud.world import SEED, Reply, World

SCRIPTS = "tests.simulators.erp_cloud.scripts"
RESTLETS = [{"script": "101", "function": f"{SCRIPTS}:orders"}, {"script": "102", "function": f"{SCRIPTS}:greedy"},
            {"script": "103", "deploy": "2", "function": f"{SCRIPTS}:broken"}]  # fmt: skip


@pytest.fixture
def world() -> World:
    return World(seed=SEED | {"restlets": RESTLETS})


def run(world: World, method: str, query: str, body: Any = None) -> Reply:
    world.token = world.token or world.login().json["access_token"]
    raw = b"" if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {world.token}", "content-type": "application/json"}
    return world.raw(method, f"/app/site/hosting/restlet.nl?{query}", raw, headers)


def error(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["error"]["code"]


def test_a_function_works_in_the_account_as_its_caller(world: World) -> None:
    customer = world.customer()
    done = run(world, "POST", "script=101&deploy=1", {"customer": customer, "lines": [10, 2.5]}).json
    assert (done["total"], done["units"], done["by"]) == (12.5, 5_000 - 20 - 10 - 20, "integration")
    assert world.get("invoice", done["invoice"])["status"]["id"] == "B"
    listed = run(world, "GET", f"script=101&deploy=1&customer={customer}").json
    assert listed == [{"tranid": "INV1", "foreigntotal": "12.5"}]
    noted = run(world, "PUT", "script=101&deploy=1", {"invoice": done["invoice"], "memo": "hello"})
    assert (noted.body, noted.headers["content-type"]) == (b"noted", "text/plain; charset=utf-8")
    world.system.access._bearers["t"] = ("cash_clerk", 9e12)
    world.token = "t"
    refused = run(world, "POST", "script=101&deploy=1", {"customer": customer, "lines": [1]})
    assert error(refused) == (400, "INSUFFICIENT_PERMISSION")


def test_what_a_function_or_the_account_refuses_has_the_restlets_shape(world: World) -> None:
    customer = world.customer()
    assert error(run(world, "POST", "script=101&deploy=1", {"customer": customer})) == (400, "NO_LINES")
    assert error(run(world, "POST", "script=101&deploy=1", {"customer": "9", "lines": [1]})) == (400, "INVALID_CONTENT")
    paid = run(world, "POST", "script=101&deploy=1", {"customer": customer, "lines": [1]}).json["invoice"]
    assert error(run(world, "DELETE", f"script=101&deploy=1&invoice={paid}")) == (400, "USER_ERROR")
    assert error(run(world, "GET", "script=103&deploy=2")) == (400, "UNEXPECTED_ERROR")
    for nowhere in ("script=103&deploy=1", "script=9&deploy=1", "script=101", ""):
        assert error(run(world, "GET", nowhere)) == (400, "SSS_INVALID_SCRIPTLET_ID")
    assert run(world, "PATCH", "script=101&deploy=1").status == 405
    world.token = "nobody"
    assert error(run(world, "GET", "script=101&deploy=1")) == (401, "INVALID_LOGIN_ATTEMPT")


def test_units_run_out_and_what_was_done_stays_done(world: World) -> None:
    assert error(run(world, "POST", "script=102&deploy=1")) == (400, "SSS_USAGE_LIMIT_EXCEEDED")
    assert world.call("GET", "/record/v1/customer").json["totalResults"] == 500


def test_restlets_and_records_share_one_concurrency_limit() -> None:
    world = World(seed=SEED | {"restlets": RESTLETS}, profile="vendor")
    world.token = world.login().json["access_token"]
    head = {"authorization": f"Bearer {world.token}", "content-type": "application/json"}

    async def all_at_once() -> list[Reply]:
        calls = [world.send("GET", "/services/rest/record/v1/customer", b"", head) for _ in range(5)]
        calls.append(world.send("GET", "/app/site/hosting/restlet.nl?script=101&deploy=1&customer=1", b"", head))
        return await asyncio.gather(*calls)

    *records, last = asyncio.run(all_at_once())
    assert {one.status for one in records} == {200}
    assert error(last) == (429, "SSS_REQUEST_LIMIT_EXCEEDED")


def test_scripts_are_deployed_at_run_time_live_on_after_a_reset_of_nothing_and_must_exist(world: World) -> None:
    assert world.act("deploy_restlet", script="customscript_x", function=f"{SCRIPTS}:broken")["deploy"] == "1"
    assert error(run(world, "GET", "script=customscript_x&deploy=1")) == (400, "UNEXPECTED_ERROR")
    with pytest.raises(ValueError, match="no function"):
        world.act("deploy_restlet", script="1", function="nowhere:f")
    with pytest.raises(ValueError, match="is no function"):
        world.act("deploy_restlet", script="1", function=f"{SCRIPTS}:__doc__")
    with pytest.raises(SeedError, match=r"restlets\[0\]"):
        world.system.seed({"restlets": [{"script": "1", "function": "nowhere:f"}]})
