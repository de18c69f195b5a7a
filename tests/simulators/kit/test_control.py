"""The control page: behind its token, the same for every system, clear about bad input."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.simulators.kit.toy import Toy, ask, run, toy

TOKEN = {"X-Control-Token": "control", "Content-Type": "application/json"}


def control(system: Toy, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    content = b"" if body is None else orjson.dumps(body)
    status, headers, answer = run(ask(system, method, f"/_control{path}", content, TOKEN))
    return status, orjson.loads(answer) if "json" in headers.get("content-type", "") else answer


def test_nothing_without_the_token_but_health() -> None:
    system, _, _ = toy()
    assert run(ask(system, "GET", "/_control/books"))[0] == 401
    assert run(ask(system, "GET", "/_control/books", headers={"X-Control-Token": "guess"}))[0] == 401
    assert run(ask(system, "GET", "/_control/health"))[0] == 200


def test_the_clock_moves_forward_only() -> None:
    system, _, _ = toy()
    assert control(system, "POST", "/clock", {"to": 100})[1]["now"] == 100
    status, problem = control(system, "POST", "/clock", {"to": 50})
    assert (status, "only moves forward" in problem["detail"]) == (409, True)
    assert control(system, "POST", "/clock", {})[0] == 422
    assert control(system, "POST", "/clock", {"too": 1})[0] == 422
    assert control(system, "POST", "/clock", {"restart": 7})[1]["now"] == 7


def test_faults_are_put_shown_and_repaired() -> None:
    system, _, _ = toy()
    assert control(system, "POST", "/faults", {"id": "f", "kind": "limit"})[0] == 201
    assert control(system, "POST", "/faults", {"id": "g", "kind": "gremlin"})[0] == 422
    assert [fault["id"] for fault in control(system, "GET", "/faults")[1]] == ["f"]
    assert control(system, "DELETE", "/faults/f")[0] == 200
    assert control(system, "DELETE", "/faults/f")[0] == 404


def test_seed_is_all_or_nothing() -> None:
    system, _, _ = toy()
    good, bad = {"id": "1", "label": "a"}, {"id": "2", "label": "a"}
    assert control(system, "POST", "/seed", {"things": [good, bad]})[0] == 422
    assert system.store.get("thing", "1") is None
    assert control(system, "POST", "/seed", {"things": [good]}) == (200, {"things": 1})


def test_snapshot_restore_reset() -> None:
    system, _, _ = toy()
    control(system, "POST", "/seed", {"things": [{"id": "1"}]})
    status, image = control(system, "GET", "/snapshot")
    assert status == 200
    control(system, "POST", "/reset", {"genesis": 500})
    assert system.store.get("thing", "1") is None
    assert (system.store.get("thing", "0"), system.clock.now()) != (None, 0)
    run(ask(system, "PUT", "/_control/snapshot", image, TOKEN))
    assert system.store.get("thing", "1") is not None
    assert run(ask(system, "PUT", "/_control/snapshot", b"junk", TOKEN))[0] == 422


def test_unknown_acts_and_profiles_are_named() -> None:
    system, _, _ = toy()
    assert control(system, "POST", "/act/dance", {})[0] == 404
    assert control(system, "PUT", "/limits", {"profile": "vendor"}) == (200, {"profile": "vendor"})
    assert control(system, "PUT", "/limits", {"profile": "endless"})[0] == 422


def test_health_says_whether_seed_data_was_loaded() -> None:
    system, _, _ = toy()
    assert control(system, "GET", "/health")[1]["seeded"] is False
    control(system, "POST", "/seed", {"things": [{"id": "1", "color": "red"}]})
    assert control(system, "GET", "/health")[1]["seeded"] is True


def test_a_restarted_system_goes_on_with_its_time(tmp_path: Path) -> None:
    system, _, hands = toy(data=tmp_path)
    system.clock.jump(86_400.0)
    system.store.close()
    again, _, hands_again = toy(data=tmp_path)
    hands_again.time = hands.time + 10.0  # it was away for ten seconds
    assert again.clock.now() == pytest.approx(86_410.0)


def test_a_state_is_put_back_whole_the_clock_and_chance_and_faults_included() -> None:
    system, _, _ = toy()
    control(system, "POST", "/seed", {"things": [{"id": "1"}]})
    control(system, "POST", "/clock", {"to": 100})
    control(system, "POST", "/faults", {"id": "f", "kind": "limit", "times": 2, "operation": "thing.get"})
    assert run(ask(system, "GET", "/things/1"))[0] == 429
    drawn = [system.chance.stream("dice").random() for _ in range(2)]
    status, state = control(system, "GET", "/state")
    assert status == 200
    then = system.chance.stream("dice").random()
    control(system, "POST", "/clock", {"to": 900})
    control(system, "DELETE", "/faults/f")
    control(system, "POST", "/seed", {"things": [{"id": "2"}]})
    assert control(system, "PUT", "/state", state) == (200, {"now": 100.0})
    assert system.store.get("thing", "2") is None and system.store.get("thing", "1") is not None
    assert [(fault.id, fault.hits) for fault in system.faults] == [("f", 1)]
    assert system.chance.stream("dice").random() == then and then not in drawn
    assert [run(ask(system, "GET", "/things/1"))[0] for _ in range(2)] == [429, 200]  # its second and last strike


def test_what_is_no_state_changes_nothing() -> None:
    system, _, _ = toy()
    control(system, "POST", "/seed", {"things": [{"id": "1"}]})
    state = control(system, "GET", "/state")[1]
    for wrong in ({**state, "image": "?"}, {**state, "image": "anVuaw=="}, {**state, "standing": {}}, {}):
        assert control(system, "PUT", "/state", wrong)[0] == 422
    assert system.store.get("thing", "1") is not None
