"""Never asks what its change of a contract came upon: seats that the customer changed meanwhile are undone."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.changed_meanwhile()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def changes(subscription_id, since=0):
            return [one for one in await real.changes(subscription_id, since) if one.marker]

        return {"changes": changes}

    return alter.adapter(parts, "platform", platform)
