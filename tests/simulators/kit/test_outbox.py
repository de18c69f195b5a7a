"""Webhooks: at least once, retried on the business clock, duplicated, delayed and dropped by faults."""

import orjson

from simulators.kit.faults import Fault
from tests.simulators.kit.toy import Receiver, Toy, ask, run, toy


async def create(system: Toy, *colors: str) -> None:
    for color in colors:
        await ask(system, "POST", "/things", orjson.dumps({"color": color}))


def colors(receiver: Receiver) -> list[str]:
    return [orjson.loads(body)["color"] for body in receiver.bodies]


def deliveries(system: Toy) -> list[tuple[int | None, int]]:
    entries, _ = system.journal.after(0)
    return [(entry["status"], entry["attempt"]) for entry in entries if entry["kind"] == "delivery"]


async def play(system: Toy, *made: str, until: float = 1.0) -> None:
    await system.start()
    await create(system, *made)
    await system.jobs.drained()
    system.clock.jump(until)
    await system.jobs.drained()
    await system.stop()


def test_delivered_once_and_in_order_when_all_goes_well() -> None:
    system, receiver, _ = toy()
    run(play(system, "red", "green", "blue"))
    assert colors(receiver) == ["red", "green", "blue"]
    assert deliveries(system) == [(200, 1)] * 3


def test_retried_on_schedule_then_given_up() -> None:
    system, receiver, _ = toy()
    receiver.statuses = [None, 500, 404]
    run(play(system, "red", until=9))
    assert len(receiver.bodies) == 1
    run(play(system, until=11))
    assert len(receiver.bodies) == 2
    run(play(system, until=500))
    assert deliveries(system) == [(None, 1), (500, 2), (404, 3)]
    assert system.jobs.next_due() is None


def test_event_faults_duplicate_delay_and_drop() -> None:
    system, receiver, _ = toy()
    system.faults.add(Fault(id="twice", kind="duplicate_event", contains="red", delay_s=5))
    system.faults.add(Fault(id="late", kind="delay_event", contains="green", delay_s=3))
    system.faults.add(Fault(id="never", kind="drop_event", contains="blue"))
    run(play(system, "red", "green", "blue", "white", until=10))
    assert colors(receiver) == ["red", "white", "green", "red"]
    assert {fault.id: fault.hits for fault in system.faults} == {"twice": 1, "late": 1, "never": 1}


def test_a_delivery_that_is_posted_again_on_its_way_is_one_delivery() -> None:
    system, receiver, _ = toy()
    receiver.statuses = [None]
    run(play(system, "red", until=1))
    waiting = system.jobs.pending()[0].payload
    system.outbox.post(
        waiting["event_id"], waiting["event_type"], waiting["endpoint"], waiting["url"], waiting["headers"],
        waiting["body"].encode(), system.clock.now(),
    )  # fmt: skip
    run(play(system, until=500))
    assert colors(receiver) == ["red", "red"]  # the one that failed and its successor, not the retry besides
    assert deliveries(system) == [(None, 1), (200, 1)]
