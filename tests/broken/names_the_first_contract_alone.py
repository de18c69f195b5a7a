"""Shows sales of a bill of several contracts what the first of them has of it alone."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.together()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def write_shares(of, number, shares):
            return await real.write_shares(of, number, dict([*shares.items()][:1]))

        return {"write_shares": write_shares}

    return alter.adapter(parts, "salesforce", salesforce)
