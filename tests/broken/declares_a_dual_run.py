"""Posts a dual run in the entity's own subsidiary, so that its tax is declared in both ledgers."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, migrations

STORY = migrations.dual_run()
CAUGHT_BY = {"I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def create_customer(external_id, fields):
            return await real.create_customer(external_id, {**fields, "subsidiary": "3"})

        async def create_invoice(posting):
            return await real.create_invoice(replace(posting, subsidiary="3"))

        async def create_credit(posting, applied):
            return await real.create_credit(replace(posting, subsidiary="3"), applied)

        return {"create_customer": create_customer, "create_invoice": create_invoice, "create_credit": create_credit}

    return alter.adapter(parts, "cloud", members)
