"""Due work: order, own due time, lanes, failures that stop nobody, and being drained."""

import asyncio

from simulators.kit.jobs import Job
from tests.simulators.kit.toy import run, toy


def test_due_jobs_run_in_order_each_at_its_own_time() -> None:
    async def story() -> list[tuple[str, float]]:
        system, _, _ = toy()
        seen: list[tuple[str, float]] = []

        async def note(job: Job) -> None:
            seen.append((job.payload["n"], job.due))
            if job.payload["n"] == "first":
                system.jobs.schedule(job.due + 5, "note", {"n": "child"})

        system.jobs.handler("note", note)
        system.jobs.schedule(30, "note", {"n": "late"})
        system.jobs.schedule(10, "note", {"n": "first"})
        system.jobs.schedule(10, "note", {"n": "second"})
        system.jobs.schedule(99, "note", {"n": "never"})
        system.jobs.schedule(20, "note", {"n": "moved"}, key="k")
        system.jobs.schedule(25, "note", {"n": "moved"}, key="k")
        await system.start()
        system.clock.jump(50)
        await system.jobs.drained()
        await system.stop()
        assert system.jobs.next_due() == 99
        return seen

    assert run(story()) == [("first", 10), ("second", 10), ("child", 15), ("moved", 25), ("late", 30)]


def test_a_lane_keeps_its_order_and_does_not_hold_up_others() -> None:
    async def story() -> list[str]:
        system, _, _ = toy()
        seen: list[str] = []
        gate = asyncio.Event()

        async def note(job: Job) -> None:
            if job.payload["n"] == "slow":
                await gate.wait()
            seen.append(job.payload["n"])

        system.jobs.handler("note", note)
        system.jobs.schedule(0, "note", {"n": "slow"}, lane="a")
        system.jobs.schedule(0, "note", {"n": "behind"}, lane="a")
        system.jobs.schedule(0, "note", {"n": "main"})
        system.jobs.schedule(0, "note", {"n": "other"}, lane="b")
        await system.start()
        while len(seen) < 2:
            await asyncio.sleep(0)
        gate.set()
        await system.jobs.drained()
        await system.stop()
        return seen

    assert run(story()) == ["main", "other", "slow", "behind"]


def test_a_broken_job_is_noted_and_stops_nobody() -> None:
    async def story() -> list[str]:
        system, _, _ = toy()
        seen: list[str] = []

        async def boom(job: Job) -> None:
            raise RuntimeError("boom")

        async def note(job: Job) -> None:
            seen.append("after")

        system.jobs.handler("boom", boom)
        system.jobs.handler("note", note)
        system.jobs.schedule(0, "boom", {}, key="b")
        system.jobs.schedule(0, "note", {})
        await system.start()
        await system.jobs.drained()
        await system.stop()
        assert "boom b: RuntimeError('boom')" in system.jobs.failures[0]
        return seen

    assert run(story()) == ["after"]


def test_a_job_that_schedules_itself_again_under_its_key_stays() -> None:
    async def story() -> float | None:
        system, _, _ = toy()

        async def daily(job: Job) -> None:
            system.jobs.schedule(job.due + 86_400, "daily", {}, key="daily")

        system.jobs.handler("daily", daily)
        system.jobs.schedule(0, "daily", {}, key="daily")
        await system.start()
        system.clock.jump(3 * 86_400)
        await system.jobs.drained()
        await system.stop()
        return system.jobs.next_due()

    assert run(story()) == 4 * 86_400
