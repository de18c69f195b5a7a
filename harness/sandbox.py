"""A company to test against from plain, synchronous test code: people act, time passes, the books are judged.

The same `Sandbox` stands on either world: simulated (one process, virtual time, milliseconds) or live (simulators and
core as processes, which unchanged vendor SDKs can talk to). One event loop per host runs whatever a call needs; between
calls nothing of ours runs in the test's process.
"""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

from harness.events import EventStream
from harness.evidence import Evidence, gather
from harness.expectations import deal_state
from harness.report.side_by_side import rows
from harness.report.summary import identity_row
from harness.runner import Play
from harness.scenario import Scenario, Step, load_world, read_story
from harness.scenario.model import GENESIS
from harness.scenario.places import parse_yaml
from harness.scenario.values import iso, moment, seconds
from harness.simulation.flight_plan import Flight
from harness.simulation.hangar import hangar
from harness.simulation.loop import VirtualLoop
from harness.simulation.world import SimWorld
from harness.stack.launch import Plan, Stack, launch
from harness.stack.variables import variables_of
from harness.world import World

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
SEED = "1"


class Sandbox:
    """One company at the beginning of its story. `env` is what points SDKs at it (live alone; simulated: empty)."""

    def __init__(self, world: World, stream: EventStream, run: Run[Any], company: str, env: Mapping[str, str]) -> None:
        self.world, self.env = world, dict(env)
        self._stream, self._run, self._company = stream, run, company
        self._steps: list[Any] = []
        self._play: Play | None = None

    def play(self, steps: str) -> list[str]:
        """Steps as a story has them (YAML, a list); returns a sentence for each. An `expect` that is not met is an
        AssertionError, a step that cannot be done StepFailed, one that makes no sense StoryError with its line.
        """
        done = len(self._steps)
        given = parse_yaml(steps, "steps").value
        if not isinstance(given, list):
            raise ValueError("steps are a YAML list, such as `- close: acme-2026`")
        story = self._story([*self._steps, *given])
        play = self._played(story)
        said = []
        for number, step in enumerate(story.steps[done:], start=done + 1):
            self._steps.append(given[number - done - 1])
            said.append(self._run(self._step(play, number, step)))
        return said

    def settle(self) -> None:
        """Return once all is quiet."""
        self.play("- settle")

    @staticmethod
    async def _step(play: Play, number: int, step: Step) -> str:
        before = len(play.unmet)
        said = await play.step(number, step)
        assert len(play.unmet) == before, "; ".join(play.unmet[before:])
        return said

    def _story(self, steps: list[Any]) -> Scenario:
        head = {"story": "test", "title": "What a test does", "world": self._company, "steps": steps}
        return read_story(yaml.safe_dump(head, sort_keys=False), "steps")

    def _played(self, story: Scenario) -> Play:
        if self._play is None:
            self._play = Play(story, self.world, self._stream, SEED)
        self._play.scenario = story
        return self._play

    # -- for clock and books --------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something of the world's to its end."""
        result: T = self._run(work)
        return result

    def evidence(self) -> Evidence:
        """All books now, and what the core says is open."""
        play = self._played(self._story([*self._steps, "settle"]))
        return self.run(gather(self.world, play.correlation))

    def judged(self) -> tuple[dict[str, str], list[str]]:
        """The answer of each judge, and all findings that speak against holding."""
        play = self._played(self._story([*self._steps, "settle"]))
        evidence = self.evidence()
        play.verdicts = []
        play.judge(evidence, self.run(play.storm.probes()), self.run(play.storm.outages()), [])
        bad = [one for one in play.verdicts if one.outcome in ("broken", "unknown")]
        answers: dict[str, str] = {one.invariant: one.outcome for one in play.verdicts}
        return answers, [f"{one.invariant} {one.outcome}: {finding}" for one in bad for finding in one.findings]

    def opportunity(self, deal: str) -> str:
        """Salesforce's id of a deal that was made by a step."""
        if self._play is None:
            raise KeyError(deal)
        return self._play.stage.offer(deal).opportunity_id


class Clock:
    """Business time: it only goes forward, and all that falls due on the way happens at its own time."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def now(self) -> datetime:
        """What the company's calendars say (UTC)."""
        return datetime.fromtimestamp(self._sandbox.world.now(), UTC)

    def advance(self, by: str) -> datetime:
        """`30d`, `6h`, `1d 12h`; returns the new time."""
        return self._to(self._sandbox.world.now() + seconds(by))

    def until(self, at: str) -> datetime:
        """Up to an ISO date-time."""
        return self._to(moment(at))

    def _to(self, at: float) -> datetime:
        if at < self._sandbox.world.now():
            raise ValueError(f"time only goes forward: it is {iso(self._sandbox.world.now())}, not before {iso(at)}")
        self._sandbox.run(self._sandbox.world.advance(at))
        return self.now


class Books:
    """What the systems' books say now; each call reads them anew."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def state(self, deal: str) -> str:
        """How far a deal has come: open, won, contracted, billed, posted or paid."""
        return deal_state(self._sandbox.evidence().canon, self._sandbox.opportunity(deal))

    def exceptions(self) -> list[str]:
        """Kinds of the business exceptions that wait for a person."""
        return sorted(row["kind"] for row in self._sandbox.evidence().open_exceptions())

    def side_by_side(self, account: str = "") -> list[dict[str, Any]]:
        """Each fact with what every system says of it; of one account, by its name or Salesforce id, or of all."""
        return rows(self._sandbox.evidence().canon, account)

    def tie_out(self) -> list[dict[str, Any]]:
        """The lines of the tie-out, with their items and breaks."""
        return [identity_row(one) for one in self._sandbox.evidence().identities]

    def unexplained(self) -> dict[str, str]:
        """What no reconciling item explains, by entity, currency and identity: empty when everything ties out."""
        return {
            f"{row['entity']} {row['currency']} {row['identity']}": row["unexplained"]
            for row in self.tie_out() if not row["holds"]
        }  # fmt: skip

    def verdicts(self) -> dict[str, str]:
        """Each invariant's answer: holds, broken, unknown or not applicable."""
        return self._sandbox.judged()[0]

    def assert_hold(self) -> None:
        """AssertionError with every finding unless all judges are content."""
        findings = self._sandbox.judged()[1]
        assert not findings, "\n".join(findings)


class SimulatedHost:
    """Gives out simulated sandboxes; none of them outlives the next."""

    def __init__(self, company: str, genesis: str = GENESIS) -> None:
        self._company, self._genesis = company, moment(genesis)
        self._loop: VirtualLoop | None = None
        self._world: SimWorld | None = None

    def fresh(self) -> Sandbox:
        """A company at its beginning."""
        self.close()
        self._loop = loop = VirtualLoop()
        story = Scenario("test", "", self._genesis, self._company, ())

        async def begun() -> SimWorld:
            return await SimWorld(hangar(self._company), story, SEED, Flight()).open()

        self._world = world = loop.run_until_complete(begun())
        return Sandbox(world, world.stream, loop.run_until_complete, self._company, {})

    def close(self) -> None:
        """End what is there."""
        if self._loop is not None and self._world is not None:
            self._loop.run_until_complete(self._world.close())
            self._loop.end()
            self._loop.close()
        self._loop = self._world = None


class LiveHost:
    """Gives out sandboxes on one stack of processes, which starts with the first and is begun anew for each."""

    def __init__(self, company: str, genesis: str = GENESIS, core: str = "") -> None:
        self._company, self._genesis, self._core = company, moment(genesis), core
        self._runner = asyncio.Runner()
        self._exit = AsyncExitStack()
        self._stack: Stack | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="windtunnel-pytest-")

    def fresh(self) -> Sandbox:
        """A company at its beginning."""
        world = load_world(self._company)
        if self._stack is None:
            plan = Plan(world, self._genesis, Path(self._folder.name) / "stack", SEED, core=self._core)
            self._stack = self._runner.run(self._exit.enter_async_context(launch(plan)))
        else:
            self._runner.run(self._stack.begin_anew(self._genesis, SEED, world.mappings_with(None)))
        stack, stream = self._stack, EventStream(self._stack.world.now)
        env = variables_of(stack.addresses, stack.secret)
        return Sandbox(stack.world, stream, self._runner.run, self._company, env)

    def close(self) -> None:
        """End all processes."""
        self._runner.run(self._exit.aclose())
        self._runner.close()
        self._folder.cleanup()
