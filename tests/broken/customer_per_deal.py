"""Makes a customer in the cloud ERP for each deal instead of finding the one that is there."""

from itertools import count

from synccore.bootstrap import Parts
from synccore.processes import writes
from tests.broken import alter, stories

STORY = stories.two_deals()
CAUGHT_BY = {"I1"}


def change(parts: Parts) -> Parts:
    numbers = count(1)

    def cloud(real):
        async def create_customer(external_id, fields):
            number = next(numbers)
            named = {**fields, "name": f"{fields['name']} ({number})"}
            return await real.create_customer(f"{external_id}-{number}", named)

        async def customer(external_id):
            return None

        return {"create_customer": create_customer, "customer": customer}

    async def level(ctx, write, current, create, update, settled=None):
        if (write.target, write.operation) == ("erp_cloud", "customer"):
            reference = await create(0)
            await ctx.db.run(lambda unit: settled(unit, reference))
            return reference
        return await writes.level(ctx, write, current, create, update, settled)

    return alter.context(alter.adapter(parts, "cloud", cloud), lambda ctx: {"level": level})
