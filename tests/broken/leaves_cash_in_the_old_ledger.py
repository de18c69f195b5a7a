"""Carries a payment's cash on account in the new ledger, and never clears it in the old one."""

import json

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.cash_moved()
CAUGHT_BY = {"I5", "I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        def get(key):
            if key.startswith("legacy-answer/L-") and key.endswith("/moved"):
                return json.dumps({"status": "53", "document": "SG01-2026-0100000001", "reason": ""})
            return real.get(key)

        return {"get": get}

    return alter.store(parts, "cursors", members)
