"""Shows of merged accounts what one of them owes: whose debts belong together is not asked."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.merged_debts()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def merged_accounts(account_id):
            return {}

        return {"merged_accounts": merged_accounts}

    return alter.adapter(parts, "salesforce", salesforce)
