"""Tells sales nothing of the ledger's document, so that nobody there can say whether a bill has reached finance."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def sales(real):
        async def write_bill(number, fields):
            await real.write_bill(number, {**fields, "ERP_Document__c": None})

        async def write_receipt(key, fields, number, bill):
            await real.write_receipt(key, fields, number, {**bill, "ERP_Document__c": None} if bill else bill)

        return {"write_bill": write_bill, "write_receipt": write_receipt}

    return alter.adapter(parts, "salesforce", sales)
