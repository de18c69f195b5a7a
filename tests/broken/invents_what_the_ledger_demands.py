"""Fills a field that the ledger demands of late with a value of its own, that nobody has decided on."""

from synccore.bootstrap import Parts
from synccore.ports.systems import Drifted
from tests.broken import alter, stories

STORY = stories.demanded_field()
CAUGHT_BY = {"I16"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            try:
                return await real.create_invoice(posting)
            except Drifted as drift:
                real._fields.renew({"erp_cloud/invoice": {"defaults": {drift.field: "n/a"}}})
                return await real.create_invoice(posting)

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)
