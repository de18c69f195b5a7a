"""Reads a field that Salesforce no longer has as if nobody had filled it in, and contracts the deal by default."""

from synccore.bootstrap import Parts
from synccore.ports.systems import Drifted
from synccore.systems import salesforce_values, soql
from tests.broken import alter, stories

STORY = stories.renamed_field()
CAUGHT_BY = {"I16"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def deal(opportunity_id):
            try:
                return await real.deal(opportunity_id)
            except Drifted as drift:
                rows = await real._query(soql.deal(opportunity_id).replace(f" {drift.field},", ""))
                return salesforce_values.deal(rows[0])

        return {"deal": deal}

    return alter.adapter(parts, "salesforce", salesforce)
