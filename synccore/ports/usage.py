"""What the processes need of the metering, and of the platform's book of usages."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from synccore.domain.usage import BookUsage, Metered, RatedLine, Recorded
from synccore.ports.reach import Reachable


@dataclass(frozen=True)
class Export:
    """A daily CSV that can be fetched; `version` differs when the file does."""

    day: str
    version: str


class Metering(Reachable, Protocol):
    """The product's own metering. Reads raise Later, or Rejected when the source refuses."""

    async def recorded(self, since: str) -> list[Mapping[str, Any]]:
        """Rows of the feed recorded at or after an instant, in order of recording; '' (or too long ago): as far back
        as the feed reaches.
        """
        ...

    async def exports(self, since: str) -> list[Export]:
        """The days from `since` on ('' = all) whose CSV holds rows, by day."""
        ...

    async def export(self, day: str) -> str:
        """The CSV of a day."""
        ...

    async def book(self) -> list[Mapping[str, Any]]:
        """All rows that were ever recorded, in order of recording."""
        ...


@dataclass(frozen=True)
class PendingBill:
    """A bill of usage that is not closed yet and covers an item's term (epoch seconds, both inclusive)."""

    id: str
    item_price: str
    starts: int
    ends: int


@dataclass(frozen=True)
class UsageEntry:
    """One usage as it is to be recorded; `note` says which event it stands for."""

    id: str
    item_price: str
    quantity: Decimal
    at: int
    note: str


class Usages(Protocol):
    """The platform's usages. Writes fail as ports.systems says."""

    async def metered(self, subscription_id: str) -> Metered | None:
        """The metered items of a subscription with their running terms; None if there is no such subscription."""
        ...

    async def pending(self, subscription_id: str) -> list[PendingBill]:
        """Its bills that wait to be closed."""
        ...

    async def find(self, subscription_id: str, usage_id: str) -> Recorded | None:
        """A usage by its id."""
        ...

    async def record(self, subscription_id: str, entry: UsageEntry) -> str:
        """Record it; returns its id. Rejected with `duplicate` when the id, or the item's date, is taken."""
        ...

    async def take_back(self, subscription_id: str, usage_id: str) -> None:
        """Delete it; one that is gone is no error. Rejected when it is billed."""
        ...

    async def book(self) -> tuple[list[BookUsage], dict[str, str]]:
        """All usages, and the platform's customer by subscription."""
        ...

    async def rated(self, bill_id: str, line_id: str) -> RatedLine | None:
        """A metered line of a closed bill with what was credited of it for corrections; None if there is none."""
        ...

    async def credit(self, bill_id: str, line: RatedLine, amount: int, note: str, key: str) -> str:
        """Credit so much (net, minor units) of a line; the credit note's number. `note` says what it is for.

        What is open is lowered, else the customer is owed it. `key` as in `Platform.create_bill`.
        """
        ...

    async def synchronise(self, bill_id: str) -> None:
        """Have a pending bill rated anew. Rejected when it is not pending any more."""
        ...
