"""Shows a bill in sales under neither its deal nor its contract, where nobody who looks for it finds it."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.card()
CAUGHT_BY = {"I4"}


def homeless(fields):
    return {name: value for name, value in fields.items() if name not in ("Opportunity__c", "Contract__c")}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def write_bill(number, fields):
            await real.write_bill(number, homeless(fields))

        async def write_receipt(key, fields, number, bill):
            await real.write_receipt(key, fields, number, homeless(bill))

        return {"write_bill": write_bill, "write_receipt": write_receipt}

    return alter.adapter(parts, "salesforce", salesforce)
