"""Shows a bill in sales without a record of it: nobody can say later why it was written, or by whom."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.card()
CAUGHT_BY = {"I19"}


def change(parts: Parts) -> Parts:
    def members(ctx):
        async def once(given, write, send, look=None, settled=None):
            if (write.target, write.operation) != ("salesforce", "bill"):
                return await ctx.once(given, write, send, look, settled)
            wanted = await given.db.run(write.prepare)
            reference = await send(0) if wanted is not None else None
            await given.db.run(lambda unit: settled(unit, reference))
            return reference

        return {"once": once}

    return alter.context(parts, members)
