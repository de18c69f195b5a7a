"""Provider states: behind the token, undone by a teardown, and a 4xx at once for whatever goes wrong."""

from typing import Any

import orjson
import pytest

from simulators.kit.pact_states import ask as ask_vendor
from tests.simulators.kit.toy import Toy, ask, run, toy

JSON = {"content-type": "application/json"}


def painted() -> Toy:
    system, _, _ = toy()

    async def red(params: dict[str, Any]) -> dict[str, Any]:
        body = orjson.dumps({"label": params["label"], "color": "red"})
        _, thing = await ask_vendor(system, "POST", "/things", {}, body)
        return {"thing": thing["id"]}

    async def defect(_params: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError("a recipe with a defect")

    system.states.update({"a red thing": red, "a defect": defect})
    return system


def change(system: Toy, token: str = "control", **body: Any) -> tuple[int, Any]:
    target = f"/_pact/state?control_token={token}"
    status, _, answer = run(ask(system, "POST", target, orjson.dumps(body), JSON))
    return status, orjson.loads(answer)


def test_a_state_is_put_in_place_and_taken_back() -> None:
    system = painted()
    status, given = change(system, action="setup", state="a red thing", params={"label": "x"}, consumer="ignored")
    assert (status, system.store.get("thing", given["thing"])["color"]) == (200, "red")  # type: ignore[index]
    assert change(system, action="teardown", state="a red thing") == (200, {})
    assert system.store.get("thing", given["thing"]) is None


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"state": "a green thing"}, 404, "a red thing"),
        ({"state": "a red thing"}, 422, "KeyError: 'label'"),
        ({"state": "a red thing", "params": {"label": "first"}}, 422, "internal_error"),
        ({"state": "a defect"}, 422, "a recipe with a defect"),
        ({"action": "dance", "state": "a red thing"}, 422, "action"),
        ({}, 422, "state"),
    ],
)
def test_what_cannot_be_is_refused_at_once(body: dict[str, Any], status: int, said: str) -> None:
    answered, problem = change(painted(), **body)
    assert (answered, said in str(problem)) == (status, True), problem


def test_only_with_the_token_and_only_there_in_the_address() -> None:
    system = painted()
    assert change(system, token="guess", state="a red thing")[0] == 401
    assert run(ask(system, "POST", "/_pact/state", b"{}", JSON))[0] == 401
    assert run(ask(system, "GET", "/_control/books?control_token=control"))[0] == 401
    assert run(ask(system, "POST", "/_pact/state", b"{}", JSON | {"X-Control-Token": "control"}))[0] == 422
