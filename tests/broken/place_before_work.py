"""Moves its place in the stream of changes before what came is stored, and trusts the stream alone from then on."""

from dataclasses import replace

from synccore.bootstrap import Parts
from synccore.processes.sales_stream import SalesforceStream
from tests.broken import stories
from tests.broken.defect import Crash

STORY = stories.won_while()
CRASH = Crash("committed", after="done invoice-publication", count=8)
CAUGHT_BY = {"I2"}


class _Hasty(SalesforceStream):
    begun = False

    async def _take(self):
        places = {one.topic: one.place for one in self._feed.told()}
        if places:
            _Hasty.begun = True
            await self._ctx.db.run(
                lambda unit: [unit.cursors.set(f"salesforce/place{topic}", place) for topic, place in places.items()]
            )
        return await super()._take()

    async def _query(self):
        worked = not self.begun and await super()._query()
        self._looks_at = float("inf")
        return worked


def change(parts: Parts) -> Parts:
    _Hasty.begun = False

    def tickers(ctx):
        return [
            (name, interval, _Hasty(ctx, ctx.feed) if name == "salesforce-changes" else real)
            for name, interval, real in parts.tickers(ctx)
        ]

    return replace(parts, tickers=tickers)
