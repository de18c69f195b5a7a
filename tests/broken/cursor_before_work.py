"""Moves the cursor of a poll before the work that it found is stored."""

from dataclasses import replace

from synccore.bootstrap import Parts
from synccore.processes.polls import CloudPayments
from tests.broken import stories
from tests.broken.alter import Altered
from tests.broken.defect import Crash

STORY = stories.transfer()
CRASH = Crash("committed", after="sent PATCH */Invoice__c/*", count=20)
CAUGHT_BY = {"I2", "I5"}


class _Hasty(CloudPayments):
    async def __call__(self):
        ctx, later = self._ctx, []

        class Halves:
            """The signal is stored and the cursor moved in one commit, the work in the next."""

            async def run(self, fn):
                result = await ctx.db.run(
                    lambda unit: fn(
                        Altered(unit, {"work": Altered(unit.work, {"add": lambda *given: later.append(given)})})
                    )
                )
                if later:
                    given, later[:] = list(later), []
                    await ctx.db.run(lambda unit: [unit.work.add(*one) for one in given])
                return result

        return await CloudPayments(replace(ctx, db=Halves()))()


def change(parts: Parts) -> Parts:
    def tickers(ctx):
        return [
            (name, interval, _Hasty(ctx) if name == "cloud-payments" else real)
            for name, interval, real in parts.tickers(ctx)
        ]

    return replace(parts, tickers=tickers)
