"""The wire: every fault does what its name says, limits refuse, and nothing goes unrecorded."""

import asyncio

import orjson
import pytest

from simulators.kit.faults import Fault
from tests.simulators.kit.toy import Cut, Toy, ask, run, toy

NEW = orjson.dumps({"color": "red"})


def with_fault(kind: str, **facts: object) -> Toy:
    system, _, _ = toy()
    system.faults.add(Fault(id="f", kind=kind, operation="thing.create", **facts))  # type: ignore[arg-type]
    return system


def made(system: Toy) -> int:
    return len(system.store.find("thing", color="red"))


@pytest.mark.parametrize(
    ("kind", "applied", "status"),
    [
        ("refuse", 0, None), ("timeout", 0, None), ("lost_answer", 1, None), ("slow_applied", 1, 201),
        ("server_error_before", 0, 503), ("server_error_after", 1, 503), ("limit", 0, 429), ("daily_limit", 0, 429),
        ("truncated_body", 1, 201), ("invalid_body", 1, 200), ("expire_credentials", 0, 401), ("repeat", 2, 201),
        ("hold_answer", 1, 201),
    ],
)  # fmt: skip
def test_each_fault_applies_or_not_and_is_counted(kind: str, applied: int, status: int | None) -> None:
    system = with_fault(kind, delay_s=0.0)
    try:
        answer = run(ask(system, "POST", "/things", NEW))[0]
    except Cut as cut:
        answer = None
        assert cut.applied == (kind == "lost_answer")
    assert answer == status
    assert made(system) == applied
    assert [(fault.seen, fault.hits) for fault in system.faults] == [(1, 1)]
    entry = [entry for entry in system.journal.after(0)[0] if entry["kind"] == "call"][-1]
    assert (entry["fault"], entry["status"]) == (f"f:{kind}", status)


def test_a_fault_hits_from_the_nth_match_on_and_no_oftener_than_told() -> None:
    system = with_fault("server_error_before", nth=2, times=1)
    statuses = [run(ask(system, "POST", "/things", NEW))[0] for _ in range(4)]
    assert statuses == [201, 503, 201, 201]


def test_an_answer_is_altered_where_it_says_so_and_only_that_is_a_hit() -> None:
    system = with_fault("altered_body", find='"red"', put='"infrared"')
    status, headers, body = run(ask(system, "POST", "/things", orjson.dumps({"color": "blue"})))
    assert status == 201 and b"blue" in body
    status, headers, body = run(ask(system, "POST", "/things", NEW))
    assert status == 201 and b"infrared" in body and int(headers["content-length"]) == len(body)
    assert [(fault.seen, fault.hits) for fault in system.faults] == [(2, 1)] and made(system) == 1


def test_a_fault_can_look_for_a_record_and_a_window() -> None:
    system = with_fault("server_error_before", contains="blue", times=0, after=100.0, until=200.0)
    blue = orjson.dumps({"color": "blue"})
    assert run(ask(system, "POST", "/things", blue))[0] == 201
    system.clock.jump(150)
    assert run(ask(system, "POST", "/things", NEW))[0] == 201
    assert run(ask(system, "POST", "/things", blue))[0] == 503
    system.clock.jump(250)
    assert run(ask(system, "POST", "/things", blue))[0] == 201


def test_limits_refuse_until_the_window_clears_and_refusals_count() -> None:
    system, _, hands = toy(profile="vendor")
    statuses = [run(ask(system, "GET", "/things/0")) for _ in range(5)]
    assert [status for status, _, _ in statuses] == [200, 200, 200, 429, 429]
    assert statuses[3][1]["retry-after"] == "60"
    hands.time += 59
    assert run(ask(system, "GET", "/things/0"))[0] == 429
    hands.time += 2
    assert run(ask(system, "GET", "/things/0"))[0] == 200


def test_too_many_at_once_are_refused() -> None:
    async def story() -> list[int]:
        system, _, _ = toy(profile="vendor")
        gate = asyncio.Event()

        async def slow(call, id):  # type: ignore[no-untyped-def]
            await gate.wait()
            return await Toy.get(system, call, id)

        system.routes.add("GET", "/slow/{id}", "slow", slow)
        tasks = [asyncio.get_running_loop().create_task(ask(system, "GET", "/slow/0")) for _ in range(3)]
        for _ in range(20):
            await asyncio.sleep(0)
        gate.set()
        return [(await task)[0] for task in tasks]

    assert run(story()) == [200, 200, 503]


def test_a_defect_is_the_vendors_500_and_is_noted() -> None:
    system, _, _ = toy()
    assert run(ask(system, "POST", "/broken"))[0] == 500
    assert [entry["error"] for entry in system.journal.after(0)[0] if entry["kind"] == "note"] == [
        "RuntimeError('a defect')"
    ]


def test_an_oversize_body_is_refused_and_not_applied() -> None:
    system, _, _ = toy()
    status, _, body = run(ask(system, "POST", "/things", b"x" * 1_001))
    assert (status, orjson.loads(body)) == (503, {"error": "too_large"})


def test_paths_are_split_before_they_are_decoded() -> None:
    system, _, _ = toy()
    system.store.put("thing", {"id": "a/b", "color": "odd"})
    assert run(ask(system, "GET", "/things/a%2Fb"))[0] == 200
    assert run(ask(system, "GET", "/things/a/b"))[0] == 404
    assert run(ask(system, "GET", "/things/0/"))[0] == 200
    assert run(ask(system, "DELETE", "/things/0"))[0] == 405


def test_the_journal_hides_secrets_and_stays_bounded() -> None:
    system, _, _ = toy(journal_capacity=5)
    secret = b"grant_type=password&client_secret=hush&password=shh"
    run(ask(system, "POST", "/nowhere", secret, {"Authorization": "Bearer hush", "X-Trace": "ok"}))
    entry = next(entry for entry in system.journal.after(0)[0] if entry["kind"] == "call")
    assert "hush" not in str(entry)
    assert "shh" not in str(entry)
    run(ask(system, "POST", "/nowhere", b"<password>shh</password><sessionId>00D!hush</sessionId>"))
    assert "hush" not in str(system.journal.after(0))
    assert "shh" not in str(system.journal.after(0))
    assert entry["headers"]["x-trace"] == "ok"
    for _ in range(20):
        run(ask(system, "GET", "/things/0"))
    entries, lost = system.journal.after(0)
    assert (len(entries), lost) == (5, True)
    assert system.journal.after(entries[0]["seq"] - 1)[1] is False
