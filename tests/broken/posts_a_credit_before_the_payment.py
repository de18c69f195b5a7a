"""Posts a credit note of a paid bill in the legacy ledger although the payment of that bill is not posted there yet."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.credited_before_paid()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def spool(real):
        return {"waiting": lambda kind: [(key, {**row, "after_payments_of": ""}) for key, row in real.waiting(kind)]}

    return alter.store(parts, "spool", spool)
