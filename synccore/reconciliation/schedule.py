"""Process reconciliation: all books compared daily at the time that the policy says; the next day is planned first."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from synccore.domain.findings import Finding
from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.reports import KeptReport
from synccore.ports.stores import Unit

PROCESS, POLICY = "reconciliation", "reconciliation"
CALLER = "synccore"  # in the audit trail: nobody asked for it


def next_at(now: float, at: str, zone: str) -> float | None:
    """Epoch seconds of the next local time `at` (HH:MM) behind `now`; None when the policy names none.

    ValueError (also for an unknown zone) when it is no time of day. A time that a change of clocks leaves out is an
    hour later on that day, one that comes twice is taken once.
    """
    if not at:
        return None
    wanted, place = time.fromisoformat(at), ZoneInfo(zone)
    today = datetime.fromtimestamp(now, place).date()
    for days in (0, 1):
        found = datetime.combine(today + timedelta(days=days), wanted, place).astimezone(UTC).timestamp()
        if found > now:
            return found
    raise AssertionError("tomorrow is always later than now")


def plan_next(unit: Unit, policy: dict[str, Any], now: float) -> None:
    """Put the next comparison into the list of work: one for each day, however often it is planned."""
    due = next_at(now, str(policy["at"]), str(policy["zone"]))
    if due is not None:
        day = datetime.fromtimestamp(due, ZoneInfo(str(policy["zone"]))).date().isoformat()
        unit.work.add(PROCESS, PROCESS, day, {"day": day}, due, f"policy {POLICY}")


class DailyReconciliation:
    """`argument`: {"day": YYYY-MM-DD}. Parks with a finding when it found more to heal than the policy allows."""

    def __init__(
        self, db: Database, clock: Clock, policy: Callable[[Unit], dict[str, Any]],
        make: Callable[[str, bool], Awaitable[KeptReport]],
    ) -> None:  # fmt: skip
        self._db, self._clock, self._policy, self._make = db, clock, policy, make

    async def __call__(self, run: Run, argument: Any) -> None:
        """Plan the next one, then compare: a day on which a system is away does not end the series."""

        async def plan() -> bool:
            return await self._db.run(self._plan)

        async def compare() -> list[str]:
            kept = await self._make(CALLER, heals)
            return [kept.id, str(kept.content["held"])]

        heals = await run.step("plan", plan)
        report, held = await run.step("compare", compare)
        if held:
            actions, topics = ("change_policy", "fix_source", "abandon"), (f"policy:{POLICY}",)
            reason = f"{report} of {argument['day']}: {held}"
            raise Parked(reason, (Finding("healing_held", reason, "integration", actions, topics),))

    def _plan(self, unit: Unit) -> bool:
        policy = self._policy(unit)
        plan_next(unit, policy, self._clock.now())
        return bool(policy["heal"])
