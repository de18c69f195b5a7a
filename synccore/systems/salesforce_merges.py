"""Accounts that people have merged into another one: what was written about the one is written about the other."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from synccore.ports.systems import Rejected
from synccore.systems import soql

GONE = "ENTITY_IS_DELETED"
_ACCOUNT = re.compile(r"\b001[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\b")
DEPTH = 5  # merges of merged accounts that are followed


class Merges:
    """Loser -> survivor, as far as it is known: learnt from Salesforce, which forgets it after 15 days, or told.

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
        before = self._into
        await self.among(_ACCOUNT.findall(text))
        return self._into != before

    async def among(self, accounts: Iterable[str]) -> dict[str, str]:
        """Merges that these accounts, or accounts merged with them, had a part in: loser -> the one that is left."""
        known = self._with_relatives({one for one in accounts if _ACCOUNT.fullmatch(one)})
        for _ in range(DEPTH if known else 0):
            rows = await self._ask(soql.merged_accounts(sorted(known)))
            self.remember({str(row["Id"]): str(row["MasterRecordId"]) for row in rows if row["MasterRecordId"]})
            more = self._with_relatives(known)
            if more == known:
                break
            known = more
        return {loser: left for loser, left in self._into.items() if loser in known and left != loser}

    def remember(self, into: Mapping[str, str]) -> None:
        """Take over what is known; a survivor may have been merged itself, and one that is its own was brought back."""
        self._into = self._into | dict(into)
        for _ in range(DEPTH):
            self._into = {loser: self._into.get(left, left) for loser, left in self._into.items()}

    def _with_relatives(self, accounts: set[str]) -> set[str]:
        left = {self._into.get(one, one) for one in accounts}
        return accounts | left | {loser for loser, into in self._into.items() if into in left}
