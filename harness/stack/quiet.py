"""When a live world is quiet, and how its time is moved: due work first, in due order, and the core keeps up."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from harness.scenario.values import iso
from harness.world import SYSTEMS, NotQuiet, SystemName, Unreachable

if TYPE_CHECKING:
    from harness.stack.world import LiveWorld

LOOK_S = 0.04  # between two looks
DONE_LOOKS = 5  # so often it is looked whether what fell due is done, before the whole world is waited for
PATIENCE_S = 150.0  # wall time without any change; a core that was refused for a limit stays away for a real minute
HOOKLESS_S = 2.5  # a core that does not say whether it is at rest is believed so once nothing has changed for so long
PAUSED, PAUSED_S = "is paused", 1.0  # a vendor's limit counts in wire time: business time that flies ends none
EXPLAIN_S = 4.0  # after so long without any change, and then each time again, the waiting is explained
AFTER_DUE_S = 1.0  # the core reads business time from an HTTP Date, which has whole seconds


@dataclass
class Look:
    """Everything that tells whether the world rests, at one moment."""

    versions: tuple[int, ...]
    shown: tuple[int, ...]  # the same of what clients of the systems can see
    busy: list[str]
    next_job: float | None
    rounds: dict[str, int] = field(default_factory=dict)
    looking: list[str] | None = None  # whose round had begun before; None: a core that does not say so
    core_version: int = -1
    core_idle: bool = True
    core_now: float = float("inf")
    work: list[dict[str, Any]] = field(default_factory=list)
    core_due: float | None = None
    away: dict[str, float] = field(default_factory=dict)  # systems the core misses, and when it looks for each
    core_down: bool = False

    @property
    def state(self) -> tuple[Any, ...]:
        """What must stay the same for two looks to see the same rest."""
        return (self.versions, self.core_version, self.core_down)

    def unchanged(self, before: "Look", now: float) -> bool:
        """Has the world been at rest since that look at rest, with nothing that the core would do by itself?"""
        due = before.core_due
        return (
            bool(self.rounds) and self.core_idle and not self.away and not before.away and (due is None or due > now)
            and (self.shown, self.core_version) == (before.shown, before.core_version)
        )  # fmt: skip

    def saw(self, first: "Look") -> bool:
        """Has each ticker ended a round that began after that look?"""
        return all(
            count > first.rounds.get(name, 0) + (first.looking is None or name in first.looking)
            for name, count in self.rounds.items()
        )


class Calm:
    """Settles and advances a live world."""

    def __init__(self, world: "LiveWorld") -> None:
        self._world = world

    async def advance(self, to: float) -> None:
        """Move to `to` by every due time on the way; what falls due is done before time goes on."""
        look = await self.rest()
        while True:
            due = _earliest(look.next_job, look.core_due, await self._next_look(look))
            if due is None or due > to:
                break
            await self._world.move(max(due + AFTER_DUE_S, self._world.now()))
            look = await self._unseen(look) or await self.rest(at_least=due)
        await self._world.move(to)
        await self.rest(at_least=to - AFTER_DUE_S)

    async def _unseen(self, before: Look) -> Look | None:
        """The look after a move if nobody can have seen what fell due, such as a step of a nightly batch that found
        nothing to do: the core need not come to rest anew, as if there had been no such step."""
        for _ in range(DONE_LOOKS):
            look = await self._look()
            if look.busy:
                await asyncio.sleep(LOOK_S)
            elif look.unchanged(before, self._world.now()):
                return look
            else:
                break
        return None

    async def settle(self, bound_s: float) -> None:
        """Rest; retries and deliveries that fall due within the bound are waited for, by moving time to them."""
        deadline, patience = self._world.now() + bound_s, time.monotonic() + PATIENCE_S
        look = await self.rest()
        while True:
            due = _earliest(await self._next_delivery(), _next_work(look), await self._next_look(look))
            if due is None or due > deadline or not self._world.core_wanted:  # time does not fly past a dead core
                return
            if due == _next_work(look, PAUSED) and time.monotonic() < patience:
                await asyncio.sleep(PAUSED_S)
                look = await self.rest()
                continue
            await self._world.move(due + AFTER_DUE_S)
            look = await self.rest(at_least=due)

    async def _next_delivery(self) -> float | None:
        jobs = await self._world.control("subscriptions", "GET", "/_control/jobs?limit=1000")
        return min((job["due"] for job in jobs if job["kind"] == "deliver"), default=None)

    async def _next_look(self, look: Look) -> float | None:
        """When an outage ends or, where there is none any more, when the core looks for the system that it misses.

        Its looks at a system that is known to be away cost a round of rest each and find nothing: time passes them.
        """
        dues, now = [], self._world.now()
        for system, at in look.away.items():
            faults = await self._world.control(cast(SystemName, system), "GET", "/_control/faults")
            ends = [fault["until"] for fault in faults if fault["operation"] == "*" and not fault["times"]]
            ends = [end for end in ends if end is None or end > now]
            if not ends:
                dues.append(at)
            elif None not in ends:
                dues.append(max(ends))
        return min(dues, default=None)

    async def rest(self, at_least: float = 0.0) -> Look:
        """Return once nothing is due or running and every ticker of the core has begun and ended a round in that rest.

        `at_least`: the business time that the core must have noticed.
        """
        world = self._world
        first: Look | None = None
        changed_at, last_state = time.monotonic(), None
        explained_at = changed_at
        while True:
            look = await self._look()
            if look.state != last_state:
                changed_at, last_state, first = time.monotonic(), look.state, None
                explained_at = changed_at
            resting = not look.busy and look.core_idle and look.core_now >= at_least
            if look.core_down and world.core_wanted:
                resting = False
                self._check_alive()
            if not resting:
                first = None
            elif first is None:
                first = look
            elif look.saw(first):
                quiet_s = 0.0 if look.rounds or look.core_down else HOOKLESS_S
                if time.monotonic() - changed_at >= quiet_s:
                    return look
            if time.monotonic() - changed_at > PATIENCE_S:
                raise NotQuiet(await self._describe(look, at_least))
            if time.monotonic() - explained_at > EXPLAIN_S:
                explained_at = time.monotonic()
                world.waiting(await self._describe(look, at_least))
            await asyncio.sleep(LOOK_S)

    def _check_alive(self) -> None:
        core = self._world.core_process
        if core is not None and core.exit_code is not None:
            raise NotQuiet(f"the core has died (exit code {core.exit_code})\n{core.last_words()}")

    async def _look(self) -> Look:
        clocks = await asyncio.gather(*(self._world.control(one, "GET", "/_control/clock") for one in SYSTEMS))
        busy: list[str] = [name for name, clock in zip(SYSTEMS, clocks, strict=True) if not clock["idle"]]
        dues = [clock["next_due"] for clock in clocks if clock["next_due"] is not None]
        versions, shown = (tuple(clock[name] for clock in clocks) for name in ("version", "shown"))
        look = Look(versions, shown, busy, min(dues, default=None))
        if not self._world.core_wanted:
            look.core_down = True
            return look
        try:
            status, report = await self._world.core("GET", "/work")
        except Unreachable:
            look.core_down = True
            return look
        if status == 200:
            look.rounds, look.core_version, look.core_idle = report["rounds"], report["version"], report["idle"]
            look.core_now, look.work, look.core_due = report["now"], report["open"], report["next_due"]
            look.looking, look.away = report.get("looking"), report.get("away", {})
        return look

    async def _describe(self, look: Look, at_least: float) -> str:
        """Why it is not quiet, for people."""
        reasons = [f"{name} still has due work" for name in look.busy]
        if look.core_down:
            reasons.append("the core does not answer")
        if look.core_now < at_least:
            reasons.append(f"the core believes it is {iso(look.core_now)}, not {iso(at_least)}")
        reasons += [
            f"core: {item['process']} {item['subject']} is {item['state']} (try {item['attempt']}): {item['cause']}"
            for item in look.work
            if item["state"] in ("due", "submitted")
        ]
        reasons += [f"ticker {name}: {error}" for name, error in (await self._ticker_errors()).items()]
        return f"not quiet at {iso(self._world.now())}: " + ("; ".join(reasons) or "tickers keep finding something")

    async def _ticker_errors(self) -> dict[str, str]:
        try:
            _, health = await self._world.core("GET", "/health")
        except Unreachable:
            return {}
        tickers = health.get("tickers", {}) if isinstance(health, dict) else {}
        return {name: view["error"] for name, view in tickers.items() if view.get("error")}


def _earliest(*dues: float | None) -> float | None:
    return min((due for due in dues if due is not None), default=None)


def _next_work(look: Look, cause: str = "") -> float | None:
    """When work of the core falls due, or what of it has this cause (its end); what waits for a calendar (a cut-off)
    lies beyond the bound of a settle.

    A run of another release that nobody goes on with is due when it will be ended.
    """
    dues = (
        item["due_at"] for item in look.work
        if (item["state"] == "due" or (item["state"] == "submitted" and item["due_at"] > look.core_now))
        and item["cause"].endswith(cause)
    )  # fmt: skip
    return min(dues, default=None)
