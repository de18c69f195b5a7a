"""Where a run's time goes: each moment belongs to the innermost section on the way, and to none that waits."""

import asyncio
from types import SimpleNamespace

import pytest

from harness.bench import sections
from harness.bench.sections import REST, watched
from harness.bench.stories import where_time_goes


class Cpu:
    """Processor time that passes only when somebody works."""

    def __init__(self) -> None:
        self.spent = 0.0

    def thread_time(self) -> float:
        return self.spent


def test_time_is_given_to_the_innermost_section_and_not_to_one_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = Cpu()
    monkeypatch.setattr(sections, "time", cpu)
    work = SimpleNamespace()

    async def call() -> str:
        cpu.spent += 1.0
        await asyncio.sleep(0)  # somebody else works meanwhile
        cpu.spent += 2.0
        work.note()
        try:
            async with asyncio.timeout(0.0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "never"

    def note() -> None:
        cpu.spent += 4.0

    work.call, work.note = call, note

    async def other() -> None:
        cpu.spent += 8.0

    async def main() -> str:
        begun = asyncio.ensure_future(work.call())
        await other()
        return await begun

    with watched({"notes": ((work, "note"),)}, {"calls": ((work, "call"),)}) as spent:
        assert asyncio.run(main()) == "late"
    assert spent.spent == {"calls": 3.0, "notes": 4.0, REST: 8.0}
    assert spent.entries == {"calls": 1, "notes": 1}
    assert (work.call, work.note) == (call, note)


def test_a_run_is_told_by_sections_that_were_all_entered() -> None:
    figures = where_time_goes(runs=1)
    assert sum(figure.ratio or 0.0 for figure in figures) == pytest.approx(1.0)
    named = {figure.name.partition(": ")[2] for figure in figures}
    assert {"vendor calls", "core's memory", "core's API", "systems' books", "judging", REST} <= named
    assert not [figure for figure in figures if figure.note.startswith("0 ")]
