"""Usage in the one vocabulary of all books: the metering's events, the platform's usages, rated lines and credits."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class UsageEvent:
    """An event of the metering. `root` is the event that it and its corrections are about, `holds`: the last of them.

    `quantity` is None where the metering's text is none; `at` in epoch seconds.
    """

    id: str
    subscription: str
    meter: str
    quantity: Decimal | None
    at: int
    root: str
    holds: bool


@dataclass(frozen=True)
class RecordedUsage:
    """A usage in the platform for an event; `bill` and `line` once rated, `waits` while its term is not billed."""

    id: str
    event: str
    subscription: str
    item_price: str
    quantity: Decimal
    at: int
    bill: str
    line: str
    waits: bool


@dataclass(frozen=True)
class MeteredLine:
    """A rated line of a bill that is final; the amount is net, in minor units."""

    id: str
    bill: str
    subscription: str
    item_price: str
    quantity: Decimal
    amount: int
    steps: tuple[tuple[Decimal, int], ...] = ()  # units and their price as the bill says; () where it does not


@dataclass(frozen=True)
class CreditedUsage:
    """What a credit note takes off a rated line because `event` corrects what was billed; net, in minor units."""

    note: str
    event: str
    line: str
    net: int
