"""Salesforce answers the same query with the same rows for ever, whatever has changed since."""

from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I2", "I5"}


def lie(hangar):
    def make(handle):
        first = {}

        async def stale(call):
            if call.operation != "query" or "SystemModstamp" not in call.target:
                return await handle(call)
            if call.target not in first:
                first[call.target] = await handle(call)
            return first[call.target]

        return stale

    return alter.member(hangar.systems["salesforce"], "handle", make)
