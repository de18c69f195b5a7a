"""Takes back an amendment, and tells sales nothing of it: the change that it was told of before stands there."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.reopened_amendment()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def sales(real):
        async def write_contract_change(key, fields):
            if fields.get("Kind__c") not in ("Correction", "Reversal"):
                await real.write_contract_change(key, fields)

        return {"write_contract_change": write_contract_change}

    return alter.adapter(parts, "salesforce", sales)
