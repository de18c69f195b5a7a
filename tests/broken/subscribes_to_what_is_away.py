"""Takes a refused subscription for one in force: whatever the event bus answers, it is there."""

from contextlib import suppress

from synccore.bootstrap import Parts
from synccore.ports.streams import Refused
from tests.broken import alter, stories

STORY = stories.story(
    "subscribed", "customer: " + stories.MERLION, "deal: {id: merlion-1, customer: merlion, lines: [{sku: ONBOARD}]}",
    "close: merlion-1", "advance: 6d", "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}",
    "close: merlion-2", "advance: 5d", "customer: " + stories.HUDSON,
    "deal: {id: hudson-1, customer: hudson, lines: [{sku: ONBOARD}]}",
    "take_down: {system: salesforce, lasts: 1d, answers: nothing}", "settle", "advance: 5d",
)  # fmt: skip
CAUGHT_BY = {"I10"}


def change(parts: Parts) -> Parts:
    def feed(real):
        channel = real._channel

        async def begun(method, metadata):
            stream = await channel.open(method, metadata)

            async def in_force():
                with suppress(Refused):
                    await stream.in_force()

            return alter.Altered(stream, {"in_force": in_force})

        real._channel = alter.Altered(channel, {"open": begun})
        return {}

    return alter.adapter(parts, "feed", feed)
