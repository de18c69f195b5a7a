"""Takes whatever its ledger calls a thing for that thing's name, also one that it has known as another's before."""

from typing import Any

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.ledger_set_back()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def blind(real: Any) -> alter.Members:
        def canonical(kind: str, system: str, external: str) -> str | None:
            found: str | None = real.canonical(kind, system, external)
            return None if system == "erp_cloud" else found

        return {"canonical": canonical}

    return alter.store(parts, "links", blind)
