"""Accounts that people have merged into another one: what was written about the one is written about the other."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from synccore.ports.systems import Rejected

GONE = "ENTITY_IS_DELETED"
_ACCOUNT = re.compile(r"\b001[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\b")
DEPTH = 5  # merges of merged accounts that are followed


class Merges:
    """Loser -> survivor, learnt when Salesforce says that something is deleted, for as long as the process lives.

    `ask` runs a SOQL text by queryAll.
    """

    def __init__(self, ask: Callable[[str], Awaitable[list[dict[str, Any]]]]) -> None:
        self._ask = ask
        self._into: dict[str, str] = {}

    def now(self, text: str) -> str:
        """The text with the survivors' ids."""
        return _ACCOUNT.sub(lambda found: self._into.get(found[0], found[0]), text) if self._into else text

    async def learnt(self, refusal: Rejected, text: str) -> bool:
        """Whether a refusal is because of merged accounts that the text names, which are known now."""
        return refusal.code == GONE and await self.look(text)

    async def look(self, text: str) -> bool:
        """Ask for the accounts that the text names; True if one of them was merged and that was news."""
        asked = set(_ACCOUNT.findall(text))
        fresh: dict[str, str] = {}
        for _ in range(DEPTH):
            if not asked:
                break
            names = ", ".join(f"'{one}'" for one in sorted(asked))
            rows = await self._ask(
                f"SELECT Id, MasterRecordId FROM Account WHERE Id IN ({names}) AND MasterRecordId != null"
            )
            into = {str(row["Id"]): str(row["MasterRecordId"]) for row in rows}
            fresh |= into
            asked = set(into.values()) - set(fresh)
        before, self._into = self._into, self._into | fresh
        for _ in range(DEPTH):  # a survivor may have been merged itself
            self._into = {loser: self._into.get(into, into) for loser, into in self._into.items()}
        return self._into != before
