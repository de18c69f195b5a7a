"""Comes back on an older copy of its store and looks for usage that it had recorded among what is not billed alone."""

from typing import Any

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.usage(
    "back_up_core", stories.used("12000", id="e1"), stories.CLOSED, "kill_core", "start_core: {from_backup: true}",
    "settle", "advance: 1h",
)  # fmt: skip
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def usages(real: Any) -> alter.Members:
        async def find(subscription: str, name: str) -> Any:
            found = await real.usages.find(subscription, name)
            return None if found is None or found.bill else found

        return {"usages": alter.Altered(real.usages, {"find": find})}

    return alter.adapter(parts, "platform", usages)
