"""What people do through the API: one at a time, each once, whatever is clicked how often."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
from pydantic import ValidationError

from harness.api.problem import Problem
from harness.drivers import StepFailed, perform
from harness.drivers.verbs import DRIVERS
from harness.scenario.model import Step
from harness.scenario.part import Part
from harness.scenario.places import Placed
from harness.scenario.steps import VERBS
from harness.scenario.values import iso
from harness.stack.problem import StackProblem
from harness.stack.world import LiveWorld
from harness.world import NotQuiet, Unreachable

MENDING = frozenset(("repair", "bring_up", "start_core"))  # may be done while time passes: it may wait for just that
REMEMBERED = 2_000  # actions whose ids are known; a click is not repeated after so many others
log = structlog.get_logger("harness-api")


@dataclass
class Action:
    """One thing a person did. `began`, `ended` and `to` (where an advance leads) are business time."""

    id: str
    verb: str
    facts: dict[str, Any]
    began: float
    state: Literal["running", "done", "failed"] = "running"
    said: str = ""
    note: str = ""  # what it waits for, while it runs
    ended: float | None = None
    to: float | None = None
    about: tuple[str, ...] = ()  # account ids
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, patience_s: float) -> None:
        """Return at its end, or when patience is."""
        try:
            async with asyncio.timeout(patience_s):
                await self.done.wait()
        except TimeoutError:
            pass

    def to_json(self, now: float) -> dict[str, Any]:
        """As the page shows it; `share` is how much of an advance is behind it."""
        share = None
        if self.to is not None:
            whole = self.to - self.began
            share = 1.0 if self.state == "done" or whole <= 0 else max(0.0, min(1.0, (now - self.began) / whole))
        return {
            "id": self.id, "verb": self.verb, "facts": self.facts, "state": self.state, "said": self.said,
            "note": self.note, "began": iso(self.began), "ended": None if self.ended is None else iso(self.ended),
            "to": None if self.to is None else iso(self.to), "share": share,
        }  # fmt: skip


Work = Callable[[], Awaitable[str]]


class Actions:
    """The ledger of actions of one sandbox."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world
        self._known: OrderedDict[str, Action] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.running: Action | None = None
        self.door = asyncio.Lock()  # held from the look whether an action is known until it is
        world.waiting = self._waits

    def __iter__(self) -> Any:
        """All that is remembered, oldest first."""
        return iter(self._known.values())

    def get(self, action_id: str) -> Action:
        """One of them; Problem 404."""
        if action_id not in self._known:
            raise Problem(404, f"there is no action {action_id}")
        return self._known[action_id]

    def known(self, action_id: str, verb: str, facts: dict[str, Any]) -> Action | None:
        """The same action, if it was begun before; Problem 409 if that was another one."""
        found = self._known.get(action_id)
        if found is not None and (found.verb, found.facts) != (verb, facts):
            raise Problem(409, f"action {action_id} was something else: {found.verb}. Nothing was done this time.")
        return found

    def begin(self, action: Action, work: Work) -> Action:
        """Start it; Problem 409 while another one is under way."""
        if self.running is not None and action.verb not in MENDING:
            what = f"'{self.running.verb.replace('_', ' ')}'"
            raise Problem(409, f"the sandbox is busy with {what}; wait for its end and try again. Nothing was done.")
        self._known[action.id] = action
        self.running = self.running or action
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._tasks[action.id] = asyncio.get_running_loop().create_task(self._run(action, work))
        return action

    async def _run(self, action: Action, work: Work) -> None:
        try:
            action.said, action.state = await work(), "done"
        except Problem as error:
            action.said, action.state = error.detail, "failed"
        except (StepFailed, StackProblem, ValueError) as error:
            action.said, action.state = str(error).splitlines()[0], "failed"
        except NotQuiet as error:
            action.said, action.state = f"it does not come to rest: {str(error).splitlines()[0]}", "failed"
        except Unreachable as error:
            action.said, action.state = f"no answer came ({str(error).splitlines()[0]})", "failed"
        except Exception:
            log.exception("action failed", action=action.id, verb=action.verb)
            action.said, action.state = "the harness failed at this; its terminal says why", "failed"
        finally:
            if action.state == "running":
                action.said, action.state = "it was ended with the sandbox", "failed"
            action.ended = self._world.now()
            self.running = None if self.running is action else self.running
            self._tasks.pop(action.id, None)
            action.done.set()

    def _waits(self, why: str) -> None:
        if self.running is not None:
            self.running.note = why

    async def close(self) -> None:
        """Nothing goes on after this."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def verbs() -> dict[str, type[Part]]:
    """All verbs that can be done by hand: those of stories that a driver performs."""
    return {name: model for name, model in VERBS.items() if name in DRIVERS}


def understood(verb: str, facts: Any) -> Part:
    """The verb's arguments as a value; Problem 422 with each field that is wrong."""
    known = verbs()
    if verb not in known:
        raise Problem(422, f"there is no verb '{verb}'; there are {', '.join(known)}")
    model = known[verb]
    try:
        return model.model_validate(facts)
    except ValidationError as error:
        placed = Placed("form")
        placed.blame((), error, model)
        errors = [
            {"at": "/".join(map(str, found["loc"])), "problem": complaint.message}
            for found, complaint in zip(error.errors(), placed.complaints, strict=False)
        ]
        raise Problem(422, "; ".join(one.message for one in placed.complaints), errors) from None


def performed(stage: Any, verb: str, facts: Part) -> Work:
    """Doing it as a story does."""
    return lambda: perform(stage, Step(verb, facts))
