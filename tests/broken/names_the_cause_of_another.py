"""Records for each posting the bill of the one before it as its cause."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.two_deals()
CAUGHT_BY = {"I19"}


def change(parts: Parts) -> Parts:
    causes: list[str] = []

    def members(ctx):
        async def once(given, write, *rest):
            if (write.target, write.operation) == ("erp_cloud", "invoice"):
                causes.append(write.cause)
                write = replace(write, cause=causes[-2:][0])
            return await ctx.once(given, write, *rest)

        return {"once": once}

    return alter.context(parts, members)
