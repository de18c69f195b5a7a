"""Trusts the org's stream alone: one that was set back, and has not come as far as its place, tells it nothing."""

from typing import Any

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.org_set_back()
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    """By query it looks at its very beginning alone."""
    looks: list[str] = []

    def once(real: Any) -> alter.Members:
        async def changed_deals(since: str) -> Any:
            if since:
                return []
            looks.append(since)
            return await real.changed_deals(since)

        return {"changed_deals": changed_deals}

    return alter.adapter(parts, "salesforce", once)
