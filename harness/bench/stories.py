"""Stories a second on one core, what a run consists of, and where its time goes."""

import asyncio
import statistics
import time
from collections import Counter
from pathlib import Path

from harness import evidence, replaying, runner
from harness.bench.baseline import bare
from harness.bench.measure import Figure, per_call_us
from harness.bench.sections import REST, watched
from harness.events import EventStream, RunEvent
from harness.scenario import Scenario, load_story
from harness.simulation import fly, play
from harness.simulation.asgi import request
from harness.simulation.engine import SimulatedEngine
from harness.simulation.hangar import hangar
from harness.simulation.loop import run_virtual
from harness.simulation.ports import SimulatedDatabase
from harness.simulation.world import SimWorld
from simulators.kit.wire import Wire

STORIES = Path(__file__).parents[2] / "scenarios"
RATE_BAR = "20"
EACH_BAR = "at most 60"


def story_rate(story: str = "new-business", runs: int = 12) -> list[Figure]:
    """Runs a second of a story, judged and with its replays, and what one consists of.

    The machine's speed of the moment is in the second figure: a run is worth so many bare FastAPI calls.
    """
    scenario = load_story(STORIES / f"{story}.yaml")
    kinds: Counter[str] = Counter()

    def count(event: RunEvent) -> None:
        kinds[event.kind if event.kind != "call" else f"calls {event.facts['system']}"] += 1

    result = play(scenario, "1", [count])
    if result.outcome != "holds":
        raise RuntimeError(f"{story} does not hold: {result.findings[:3]}")
    whole, short, calls = [], [], []
    for number in range(runs):
        calls.append(run_virtual(_bare_call_us))
        whole.append(_seconds(scenario, str(number), None))
        short.append(_seconds(scenario, str(number), False))
    customers = sum(1 for _ in scenario.facts_of("customer"))
    share = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(7))
    rate = 1 / statistics.median(whole)
    worth = statistics.median(1e6 * took / call for took, call in zip(whole, calls, strict=True))
    virtual_s = result.events[-1].at - scenario.genesis
    return [
        Figure(f"{story} in sim, {customers} customers", rate, "runs/s of CPU", None, None, RATE_BAR, share),
        Figure(f"{story}: without its replays", 1 / statistics.median(short), "runs/s of CPU"),
        Figure(f"{story}: a run in bare FastAPI calls", worth, "calls", statistics.median(calls), None, "",
               "the baseline is the microseconds of one"),
        Figure(f"{story}: virtual over real time", virtual_s * rate, "x"),
    ]  # fmt: skip


def work_of_a_customer(story: str = "new-business") -> list[Figure]:
    """What one customer's business takes from its deal to its payment: calls and database transactions of the core.

    All of a run without replays, and so also what tickers look for in vain and what it reads to reconcile all books
    once; what answers the judges' questions is nobody's business and told apart.
    """
    scenario = load_story(STORIES / f"{story}.yaml")
    result, world = fly(scenario, "1", replay=False)
    customers = sum(1 for _ in scenario.facts_of("customer"))
    writing = sum(1 for event in result.events if event.kind == "commit")
    own = world.commits - world.asked
    to = Counter(system for system, _ in world.requests)
    calls = ", ".join(f"{count} {system}" for system, count in to.most_common())
    return [
        Figure(f"{story}: business calls a customer", len(world.requests) / customers, "calls", None, None, EACH_BAR,
               f"{len(world.requests)} in all: {calls}"),
        Figure(f"{story}: transactions a customer", own / customers, "transactions", None, None, EACH_BAR,
               f"{own} in all, {writing} of them wrote; {world.asked} beside them answered the judges"),
    ]  # fmt: skip


def _seconds(scenario: Scenario, seed: str, replay: bool | None) -> float:
    begun = time.thread_time()
    play(scenario, seed, replay=replay)
    return time.thread_time() - begun


async def _bare_call_us() -> float:
    app = bare({"id": "001", "name": "Bench"})
    return await per_call_us(lambda: request(app, "GET", "/get", {"host": "bench"}, b"", None), 300)


def where_time_goes(story: str = "new-business", runs: int = 6) -> list[Figure]:
    """Milliseconds of a run by section, each without the sections inside it."""
    scenario = load_story(STORIES / f"{story}.yaml")
    play(scenario, "1")
    systems = hangar(scenario.world).systems
    plain = {
        "events: record, digest": ((EventStream, "append"),),
        "systems' books": tuple((system, "books") for system in systems.values()),
        "judging": ((runner, "judge"), (evidence, "read_books"), (replaying, "read_books")),
    }
    awaited = {
        "vendor calls": ((Wire, "__call__"),),
        "core's memory": ((SimulatedDatabase, "run"),),
        "core's processes and adapters": ((SimulatedEngine, "_run"),),
        "core's polls": ((SimulatedEngine, "_tick"),),
        "story's steps": ((runner, "perform"),),
        "core's API": ((hangar(scenario.world), "api"),),
        "systems' own jobs": tuple((system.jobs, "_do") for system in systems.values()),
        "reset and start": ((SimWorld, "open"),),
    }
    with watched(plain, awaited) as sections:
        for number in range(runs):
            play(scenario, str(number))
    total = sum(sections.spent.values())
    return [
        Figure(f"where a run's time goes: {name}", 1000 * seconds / runs, "ms", None, seconds / total, "",
               "" if name == REST else f"{sections.entries[name] / runs:.0f} times a run")
        for name, seconds in sections.spent.most_common()
    ]  # fmt: skip


def loop_rate() -> list[Figure]:
    """Wake-ups a second of the virtual loop."""

    async def sleepy() -> float:
        begun = time.perf_counter()
        for _ in range(20_000):
            await asyncio.sleep(60.0)
        return 20_000 / (time.perf_counter() - begun)

    return [Figure("virtual loop", run_virtual(sleepy), "wake-ups/s")]
