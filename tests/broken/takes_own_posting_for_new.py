"""Takes its own posting in the cloud ERP for money that came to the bank, and records it in the platform again."""

from synccore.bootstrap import Parts
from synccore.domain.keys import Keys
from tests.broken import alter, stories

STORY = stories.card()
CAUGHT_BY = {"story"}


class _Trusting(Keys):
    def payment_of_erp(self, external_id: str) -> str:
        return ""


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def receipt(internal_id):
            return (await real.receipt(internal_id)).model_copy(update={"ours": False})

        return {"receipt": receipt}

    wrong = alter.adapter(parts, "cloud", cloud)
    return alter.context(wrong, lambda ctx: {"keys": _Trusting()})
