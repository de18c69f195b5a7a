"""Shows sales the sync state of a deal although that is switched off."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.silent()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        def out(record, fields):
            return dict(fields)

        real._out = out
        return {}

    return alter.adapter(parts, "salesforce", salesforce)
