"""Shows sales every bill as open, whatever has become of it: the balance is right, its status is not."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def sales(real):
        async def write_bill(number, fields):
            await real.write_bill(number, {**fields, "Status__c": "Open"})

        async def write_receipt(key, fields, number, bill):
            await real.write_receipt(key, fields, number, {**bill, "Status__c": "Open"} if bill else bill)

        return {"write_bill": write_bill, "write_receipt": write_receipt}

    return alter.adapter(parts, "salesforce", sales)
