"""Gives up after three tries and marks the work as done."""

from collections import Counter

from synccore.bootstrap import Parts
from synccore.ports.outcomes import Later
from tests.broken import alter, stories

STORY = stories.transfer(
    "{id: outage, system: erp_cloud, kind: server_error_before, operation: 'record.create:invoice', times: 4}"
)
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    tries: Counter[str] = Counter()

    def around(name, real):
        async def run(under, argument):
            try:
                await real(under, argument)
            except Later:
                tries[f"{name} {argument}"] += 1
                if tries[f"{name} {argument}"] < 3:
                    raise

        return run

    return alter.process(parts, around)
