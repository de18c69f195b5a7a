"""Takes an event that says only which record has changed for one that says nothing."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.won_while("{id: gap, system: salesforce, kind: gap_event, operation: 'event:Opportunity', times: 0}")
CAUGHT_BY = {"I2"}


def change(parts: Parts) -> Parts:
    def feed(real):
        return {"told": lambda: [one for one in real.told() if one.kind != "GAP"]}

    return alter.adapter(parts, "feed", feed)
