"""Lets work wait for a system that is away, and never looks whether it is back."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import stories

STORY = stories.outage()
CAUGHT_BY = {"I12"}


def change(parts: Parts) -> Parts:
    def tickers(ctx):
        return [ticker for ticker in parts.tickers(ctx) if ticker[0] != "system-watch"]

    return replace(parts, tickers=tickers)
