"""Ticker system-watch: a system that was away is looked for, and all that waits for it goes on once it answers."""

from collections.abc import Mapping

from synccore.ports.engine import Tick
from synccore.ports.outcomes import AWAY, Away
from synccore.ports.reach import Reachable
from synccore.processes.context import Context


class SystemWatch:
    """Looks only while work waits. How seldom is the system's breaker's decision."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        known: dict[str, Reachable | None] = {
            "salesforce": ctx.salesforce, "subscriptions": ctx.platform, "erp_cloud": ctx.cloud,
            "erp_legacy": ctx.legacy, "metering": ctx.metering,
        }  # fmt: skip
        self._systems: Mapping[str, Reachable] = {name: one for name, one in known.items() if one is not None}

    async def __call__(self) -> Tick:
        """One look at each system that work waits for; raises Away when one is still not there."""
        ctx = self._ctx
        missed: list[Away] = []
        back: list[str] = []
        for topic in await ctx.db.run(lambda unit: unit.work.awaited(AWAY)):
            system = self._systems.get(topic.removeprefix(AWAY))
            try:
                if system is not None:
                    await system.reachable()
                back.append(topic)
            except Away as away:
                missed.append(away)
        if back:
            at = ctx.clock.now()
            await ctx.db.run(lambda unit: [unit.work.wake(topic, at) for topic in back])
            await ctx.kick()
        if missed:
            raise min(missed, key=lambda away: (away.delay_s, away.system))
        return Tick(bool(back))
